import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.load.families import STAGES
from exporters.logs.capf import time_of
from exporters.logs.est_errors import stage_of
from exporters.logs.ledger import Totals
from exporters.logs.moments import DatedTimes
from testbed.est_errors import EstError
from tests.exporters.logs.reading import NOW, manner, numbers, read, readers, without

BEGIN = "Calling enrollCertUsingEST() csr_file=/tmp/capf/csr/x.csr"
GOOD = "Online Cert Signing successful"
BAD = "Online Cert Signing Failed"
PHONE = "SEP74A02FC0A675"


def say(time: str, text: str, phone: str = PHONE) -> str:
    return f"{time} | debug 2:{phone}:{text}"


def answer(number: int, name: str) -> str:
    return f"Enrollment rv = {number} ({name}) with pkcs7 length = 0"


def test_phones_that_enroll_at_once_are_told_apart() -> None:
    other = "SEP001F6C81118B"
    found = read(
        "capf", say("10:00:00.000", BEGIN), say("10:00:01.000", BEGIN, other),
        say("10:00:03.000", GOOD, other), say("10:00:04.000", GOOD),
    )  # fmt: skip
    assert found["enrollment_service_seconds_sum{outcome=enrolled}"] == 6.0


def test_what_capf_itself_finds_wrong_has_its_own_code() -> None:
    found = read(
        "capf", say("10:00:00.000", BEGIN), say("10:00:00.100", answer(0, "EST_ERR_NONE")),
        say("10:00:00.200", "Return value from enrollCertUsingEST() : 32"), say("10:00:00.200", BAD),
    )  # fmt: skip
    assert found["enrollments_failed_total{est_error=EST_ERR_X509_PUBKEY,stage=check}"] == 1


def test_a_read_that_broke_before_the_timer_is_no_timeout() -> None:
    found = read(
        "capf", say("10:00:00.000", BEGIN), say("10:00:05.000", answer(35, "EST_ERR_SSL_READ")),
        say("10:00:05.000", BAD),
    )  # fmt: skip
    assert found["enrollments_failed_total{est_error=EST_ERR_SSL_READ,stage=wait}"] == 1
    assert not any("timeouts" in name for name in found)


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (EstError.IP_GETADDR, "resolve"), (EstError.IP_CONNECT, "connect"), (EstError.SSL_CONNECT, "tls"),
        (EstError.FQDN_MISMATCH, "tls"), (EstError.SSL_WRITE, "send"), (EstError.SSL_READ, "wait"),
        (EstError.AUTH_FAIL, "answer"), (EstError.UNKNOWN, "answer"), (EstError.VALIDATION, "check"),
        (EstError.NO_CSR, ""), (EstError.MALLOC, ""),
    ],
)  # fmt: skip
def test_an_error_tells_how_far_the_enrollment_came_where_it_can(error: EstError, stage: str) -> None:
    found = read(
        "capf", say("10:00:00.000", BEGIN), say("10:00:01.000", answer(int(error), str(error))),
        say("10:00:01.000", BAD),
    )  # fmt: skip
    labels = ",".join(filter(None, (f"est_error={error}", f"stage={stage}" if stage else "")))
    assert found[f"enrollments_failed_total{{{labels}}}"] == 1


def test_every_stage_that_an_error_tells_is_one_of_the_load_generators() -> None:
    assert {stage_of(str(error).encode()) for error in EstError} <= {*STAGES, ""}


def test_midnight_passes_inside_an_enrollment() -> None:
    found = read("capf", say("23:59:59.500", BEGIN), say("00:00:00.250", GOOD))
    assert found["enrollment_service_seconds_sum{outcome=enrolled}"] == 0.75


def test_summer_time_ends_inside_an_enrollment() -> None:
    how = manner(capf=zoneinfo.ZoneInfo("Europe/Paris"))
    totals = Totals()
    day = dt.date(2019, 10, 27)
    reader = readers(totals, how, DatedTimes(how.zone("capf"), day).at).reader("capf")
    reader.read(f"{say('02:59:58.000', BEGIN)}\n{say('02:00:01.000', GOOD)}\n".encode(), NOW)
    assert numbers(totals)["enrollment_service_seconds_sum{outcome=enrolled}"] == 3.0


def test_an_enrollment_that_ends_before_it_began_is_a_clock_jump_and_has_no_time() -> None:
    found = read("capf", say("10:00:00.000", BEGIN), say("09:58:00.000", GOOD))
    assert found["log_clock_jumps_total{log=capf}"] == 1
    assert found["enrollments_succeeded_total"] == 1
    assert not any("service" in name for name in found)


def test_a_clock_that_leaps_ahead_ends_what_was_under_way_unfinished() -> None:
    found = read("capf", say("10:00:00.000", BEGIN), "14:00:00.000 | debug Recd event")
    assert found["enrollments_unfinished_total{log=capf}"] == 1


def test_a_phone_that_begins_anew_leaves_one_unfinished() -> None:
    found = read("capf", say("10:00:00.000", BEGIN), say("10:00:30.000", BEGIN), say("10:00:31.000", GOOD))
    assert found["enrollments_unfinished_total{log=capf}"] == 1
    assert found["enrollment_service_seconds_sum{outcome=enrolled}"] == 1.0


def test_an_end_whose_beginning_was_cut_off_counts_without_a_time() -> None:
    assert without(read("capf", say("10:00:00.000", GOOD)), "lines") == {"enrollments_succeeded_total": 1}


def test_an_error_that_libest_does_not_have_is_unknown() -> None:
    found = read(
        "capf", say("10:00:00.000", BEGIN), say("10:00:01.000", answer(7, "EST_ERR_MADE_UP")),
        say("10:00:01.000", BAD),
    )  # fmt: skip
    assert found["enrollments_failed_total{est_error=EST_ERR_UNKNOWN}"] == 1


def test_a_truncated_line_is_counted_and_the_next_one_read() -> None:
    found = read("capf", "10:00:0", say("10:00:00.000", BEGIN), say("10:00:01.000", GOOD))
    assert found["log_lines_unreadable_total{log=capf,reason=form}"] == 1
    assert found["enrollments_succeeded_total"] == 1


@given(st.binary(max_size=400))
def test_no_bytes_stop_it_or_make_a_label(data: bytes) -> None:
    found = read("capf", data, b"10:00:00.000 | debug 2:SEP74A02FC0A675:" + data.replace(b"\n", b" "))
    assert all(name.isascii() and name.isprintable() for name in found)


@given(st.from_regex(rb"[0-2][0-9]:[0-9]{2}:[0-9]{2}\.[0-9]{3} \|(-->|<--| )[^\n]{0,40}", fullmatch=True))
def test_a_line_with_a_possible_time_is_a_line(line: bytes) -> None:
    hour, minute, second = int(line[:2]), int(line[3:5]), int(line[6:8])
    possible = hour < 24 and minute < 60 and second <= 60
    assert (time_of(line) is not None) is possible
