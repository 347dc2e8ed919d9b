import datetime as dt
import zoneinfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporters.logs.iis import read_rows
from exporters.logs.iis_frame import read_frame
from exporters.logs.iis_row import DEFAULT_FIELDS, Judge, Table, columns_of, stage_of
from exporters.logs.ledger import Totals
from exporters.logs.unreadable import KEPT
from tests.exporters.logs.reading import NOW, manner, numbers, read, readers, without

ROW = (
    r"2019-01-16 14:05:02 14.48.31.152 POST /certsrv/certfnsh.asp - 443 MICHAMEN\ciscora 14.48.31.125 "
    "CiscoRA+1.0 https://lab-dc.michamen.com:443/certsrv/certrqxt.asp 200 0 0 15"
)


def test_the_fields_line_decides_the_columns_and_may_change() -> None:
    found = read(
        "iis", "#Fields: time-taken sc-status cs-uri-stem time date",
        "12000 200 /certsrv/certfnsh.asp 10:00:00 2019-01-16",
        "#Fields: date time cs-uri-stem sc-status", "2019-01-16 10:00:01 /certsrv/certnew.cer 200",
    )  # fmt: skip
    assert without(found, "bucket", "lines") == {
        "ca_requests_total{stage=submit,status=200}": 1,
        "ca_requests_total{stage=download,status=200}": 1,
        "ca_response_seconds_count{stage=submit}": 1,
        "ca_response_seconds_sum{stage=submit}": 12.0,
    }


def test_rows_without_the_columns_that_are_needed_are_unreadable() -> None:
    found = read("iis", "#Fields: date time cs-method", "2019-01-16 10:00:00 GET", "2019-01-16 10:00:00 GET")
    assert found["log_lines_unreadable_total{log=iis,reason=fields}"] == 2


def test_exactly_ten_seconds_are_not_more_than_ten() -> None:
    ten, more = ROW.replace(" 0 15", " 0 10000"), ROW.replace(" 0 15", " 0 10001")
    found = read("iis", ten, more)
    assert found["ca_response_seconds_bucket{stage=submit,le=10.0}"] == 1
    assert found["ca_response_seconds_bucket{stage=submit,le=20.0}"] == 2


def test_a_client_that_went_away_is_counted() -> None:
    assert (
        read("iis", ROW.replace("200 0 0 15", "200 0 64 11000"))["ca_clients_gone_total{stage=submit}"] == 1
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROW[:70], "fields"),
        (ROW.replace(" 200 ", " 2000 "), "fields"),
        (ROW.replace(" 0 15", " 0 -15"), "fields"),
        (ROW.replace("2019-01-16", "2019-02-30"), "time"),
        (ROW.replace("2019-01-16", "1970-01-01"), "time"),
        (ROW.replace("2019-01-16", "9999-01-01"), "time"),
        (ROW.replace("14:05:02", "24:05:02"), "time"),
    ],
)  # fmt: skip
def test_a_damaged_row_is_counted_by_its_reason(row: str, reason: str) -> None:
    found = without(read("iis", row), "lines_total")
    assert found == {f"log_lines_unreadable_total{{log=iis,reason={reason}}}": 1}


def test_a_few_unreadable_rows_are_kept_as_their_shape_alone() -> None:
    made = readers(Totals())
    made.reader("iis").read(b"2019-01-16 14:05 SEP74A02FC0A675 p\xe4ss\x1b[31m\n" * 20, NOW)
    assert len(made.unreadable.samples) == KEPT
    assert made.unreadable.samples[0].shape == "9999-99-99 99:99 AAA99A99AA9A999 a?aa?[99a"


def test_a_server_told_to_log_local_time_is_read_in_its_zone() -> None:
    reader = readers(Totals(), manner(iis=zoneinfo.ZoneInfo("Europe/Paris"))).reader("iis")
    reader.read(ROW.encode() + b"\n", NOW)
    assert reader.last_at == 1_547_647_502 - 3600


def test_pages_of_other_sites_are_other() -> None:
    assert stage_of(b"/certsrv/fr/certrqxt.asp") == "form"
    assert stage_of(b"/CertSrv/Default.asp") == "login"
    assert stage_of(b"/certsrv-evil/certfnsh.asp") == "other"
    assert stage_of(b'/x"} 1') == "other"


def both_ways(section: bytes, fields: bytes = DEFAULT_FIELDS) -> tuple[Table, Table]:
    columns = columns_of(fields)
    assert columns
    judge = Judge(dt.UTC, lambda: NOW, 15.0)
    return read_frame(section, columns, judge), read_rows(section, columns, judge)


_words = st.sampled_from(
    [b"2019-01-16", b"14:05:02", b"/certsrv", b"/certsrv/certfnsh.asp", b"200", b"401", b"0", b"64", b"15",
     b"10000", b"-", b"", b"\r", b"x", b'"', b"\xff\xe9", b"#", b"99999999999", b"1e3", b"+5",
     b"\t", b"2019-13-01", b"NULL"]
)  # fmt: skip
_few_fields = b"#Fields: date time cs-uri-stem sc-status sc-win32-status time-taken"
_rows = st.lists(st.lists(_words, max_size=8).map(b" ".join), max_size=12).map(
    lambda rows: b"\n".join([*rows, b""])
)


@given(_rows)
@example(b"2019-01-16 14:05:02 /certsrv 200 0 15\r\n\r\n\n#c\n")
def test_polars_reads_what_a_loop_reads(section: bytes) -> None:
    by_frame, by_row = both_ways(section, _few_fields)
    assert by_frame == by_row


@given(st.binary(max_size=300).map(lambda data: data.replace(b"\0", b"") + b"\n"))
def test_both_ways_take_any_bytes(section: bytes) -> None:
    by_frame, by_row = both_ways(ROW.encode() + b"\n" + section)
    assert by_frame == by_row
    assert sum(rows for rows, _ in by_row.groups.values()) >= 1


def test_a_large_block_goes_through_polars_and_comes_to_the_same() -> None:
    few = (ROW + "\r\n").encode() * 3 + b"broken\r\n"
    totals_few, totals_many = Totals(), Totals()
    for totals, times in ((totals_few, 1), (totals_many, 400)):
        readers(totals).reader("iis").read(few * times, NOW)
    assert numbers(totals_many) == {
        name: pytest.approx(400 * value) for name, value in numbers(totals_few).items()
    }
