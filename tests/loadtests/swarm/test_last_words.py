from exporters.families import Family
from exporters.load import families as named
from exporters.load.tally import Snapshot
from loadtests.capf.persistence import Rules
from loadtests.est.tls_stream import Timers
from loadtests.phones.settings import RetrySettings
from loadtests.results.journal import Attempt
from loadtests.swarm.last_words import counting
from loadtests.swarm.metering import Meter
from tests.loadtests.attempts import START, enrolled, failed, retry

RULES = Rules(retry=RetrySettings(attempts=2, spacing_seconds=1.0))


def report(counted: list[Attempt], started: int, at: float, phones: int) -> Snapshot:
    """The last report of a worker, `at` seconds after START, with so many attempts begun."""
    meter = Meter(Timers(), "install", clock=lambda: START + at, cpu=lambda: 7.0)
    meter.begin(0, phones, lambda: None)
    meter.expect(iter([START + index for index in range(phones)]))
    meter.course.started = started
    for _ in range(started):
        meter.begins(scheduled=True, retry=False)
    for attempt in counted:
        meter.ends(attempt)
        meter.course.gone += 1
        meter.count(attempt)
    return meter.snapshot()


def count(snapshot: Snapshot, family: Family) -> float:
    return sum(value for key, value in snapshot.counts.items() if key[0] == family.name)


def test_what_ended_after_the_last_report_is_counted_as_the_worker_would_have() -> None:
    # Phones start each second; at 2.5 s three have, and one has ended.
    attempts = [enrolled(index, at=float(index), latency=2.0) for index in range(6)]
    last = report(attempts[:1], 3, 2.5, 10)
    mended = counting(last, attempts[1:5], Timers(), RULES)
    whole = report(attempts[:5], 5, 4.5, 10)
    for family in (named.STARTED, named.INTENDED, named.SUCCEEDED, named.FAILED, named.RETRIES, named.LATE):
        assert count(mended, family) == count(whole, family), family.name
    assert {key: (bins.counts, bins.native) for key, bins in mended.bins.items()} == {
        key: (bins.counts, bins.native) for key, bins in whole.bins.items()
    }
    assert mended.phones["enrolled"] == 5
    assert sum(mended.phones.values()) == 10


def test_a_phone_has_failed_when_it_is_out_of_tries() -> None:
    last = report([], 2, 1.5, 4)
    again = retry(failed(0, at=1.6), 2)
    mended = counting(last, [failed(0), failed(1, at=1.0), again], Timers(), RULES)
    assert mended.phones["failed"] == 1
    assert sum(mended.phones.values()) == 4
    assert count(mended, named.RETRIES) == 1
    assert count(mended, named.FAILED) == 3


def test_its_cpu_is_what_it_said_itself() -> None:
    mended = counting(report([], 1, 0.5, 1), [enrolled(0, latency=1.0)], Timers(), RULES)
    assert count(mended, named.CPU) == 7.0
