import msgspec
import pytest

from loadtests.capacity.window import Window
from testbed.ca.records import Disposition, IssuedCertificate
from tests.loadtests.attempts import START, enrolled, failed, retry

WINDOW = Window(START + 10, START + 20)
ATTEMPTS = [enrolled(index, at=index * 1.0, latency=0.5) for index in range(30)]


def certificate(phone: int, serial: str) -> IssuedCertificate:
    subject = f"CN=SEP{phone:012X},OU=phones,O=estorm"
    return IssuedCertificate(phone, serial, subject, "x", Disposition.ISSUED, START)


def test_phones_that_started_before_it_or_after_it_are_not_measured() -> None:
    found = WINDOW.measures(ATTEMPTS, 11, None)
    assert (found.phones.intended, found.phones.enrolled) == (11, 11)
    assert set(WINDOW.attempts(ATTEMPTS)["index"]) == set(range(10, 21))


def test_a_retry_belongs_to_its_phones_window() -> None:
    again = msgspec.structs.replace(retry(enrolled(12), 2), intended_start=START + 25, done=START + 26)
    found = WINDOW.measures([failed(12, at=12), again], 1, None)
    assert found.phones.enrolled == 1


def test_throughput_is_of_what_was_enrolled_within_it() -> None:
    slow = [enrolled(index, at=index * 1.0, latency=5) for index in range(30)]
    assert WINDOW.measures(slow, 11, None).throughput_per_second == pytest.approx(1.1, abs=0.11)
    assert WINDOW.measures([enrolled(1, at=12, latency=60)], 1, None).throughput_per_second == 0


def test_orphans_are_those_of_its_own_phones() -> None:
    issued = [certificate(12, "lost"), certificate(2, "lost-before"), certificate(13, f"{14:032x}")]
    assert WINDOW.orphans(issued, ATTEMPTS) == 1


def test_each_half_has_its_own_p50() -> None:
    attempts = [enrolled(i, at=i * 1.0, latency=0.5 if i < 15 else 1.5) for i in range(30)]
    assert WINDOW.halves(attempts).p50_seconds() == pytest.approx((0.5, 1.5))


def test_without_phones_there_is_nothing_to_say() -> None:
    assert WINDOW.halves([]).p50_seconds() is None
    assert WINDOW.measures([], 0, None).latency_seconds is None
