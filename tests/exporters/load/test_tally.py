from dataclasses import replace

from exporters.load import families as named
from exporters.load.tally import Ended, Failure, Tally, add_up, decode

TIMERS = {"connect": 3.0, "handshake": 7.0, "read": 12.0}
GOOD = Ended("install", 1.5, 1.25, (0.3, 0.7, 0.1, 6.0, 0.1, 0.01), sent=True)
TIMED_OUT = Ended(
    "install", 13.0, 12.5, (0.3, 0.7, 0.1, None, None, None), True,
    Failure("EST_ERR_SSL_READ", "wait", "read"),
)  # fmt: skip


def tally(*ended: Ended) -> Tally:
    made = Tally(TIMERS, "install")
    for each in ended:
        made.ended(each)
    return made


def counts(made: Tally) -> dict[tuple[str, ...], float]:
    return made.snapshot(3, 5.0, 0.5, {"waiting": 1}, ended=False).counts


def test_every_timer_is_an_edge_of_latency_and_of_stages() -> None:
    bins = tally(GOOD).snapshot(0, 0.0, 0.0, {}, ended=True).bins
    for key in ((named.LATENCY.name, "install", "enrolled"), (named.STAGE_TIME.name, "wait")):
        assert {3.0, 7.0, 10.0, 12.0} <= set(bins[key].edges)


def test_an_enrollment_is_counted_with_its_times() -> None:
    made = tally(GOOD)
    assert counts(made)[named.SUCCEEDED.name, "install"] == 1
    bins = made.snapshot(0, 0.0, 0.0, {}, ended=True).bins
    assert bins[named.LATENCY.name, "install", "enrolled"].total == 1.5
    assert bins[named.SERVICE.name, "install", "enrolled"].total == 1.25
    assert bins[named.TIMER_USED.name, "read"].total == 0.5


def test_a_timeout_is_a_failure_with_its_timer_used_up() -> None:
    made = tally(TIMED_OUT)
    assert counts(made)[named.FAILED.name, "install", "EST_ERR_SSL_READ", "wait"] == 1
    assert counts(made)[named.TIMEOUTS.name, "read", "wait"] == 1
    assert counts(made)[named.UNANSWERED.name, "install"] == 1
    assert made.snapshot(0, 0.0, 0.0, {}, ended=True).bins[named.TIMER_USED.name, "read"].counts[-2] == 1


def test_late_starts_and_retries_are_counted() -> None:
    made = tally()
    made.intended("install", 2)
    made.started("install", retry=False)
    made.started("install", retry=True)
    made.ended(replace(GOOD, lag_seconds=0.001))
    made.ended(replace(GOOD, lag_seconds=0.2, late=True))
    told = counts(made)
    families = (named.INTENDED, named.STARTED, named.LATE, named.RETRIES)
    assert [told[family.name, "install"] for family in families] == [2, 2, 1, 1]


def test_series_exist_before_anything_has_happened() -> None:
    told = counts(tally())
    assert told[named.SUCCEEDED.name, "install"] == 0
    assert told[named.TIMEOUTS.name, "connect", "connect"] == 0


def test_a_snapshot_survives_the_way_to_another_process() -> None:
    snapshot = tally(GOOD, TIMED_OUT).snapshot(3, 5.0, 0.5, {"waiting": 1}, ended=False)
    assert decode(snapshot.encode()) == snapshot


def test_the_sum_of_two_processes_is_what_one_would_have_counted() -> None:
    whole = add_up(
        [
            tally(GOOD).snapshot(0, 0.0, 1.0, {}, ended=True),
            tally(TIMED_OUT).snapshot(1, 0.0, 2.0, {}, ended=True),
        ]
    )
    one = add_up([tally(GOOD, TIMED_OUT).snapshot(0, 0.0, 0.0, {}, ended=True)])
    without_cpu = {key: value for key, value in whole.counts.items() if key[0] != named.CPU.name}
    assert without_cpu == {key: value for key, value in one.counts.items() if key[0] != named.CPU.name}
    assert whole.counts[named.CPU.name, "0"] + whole.counts[named.CPU.name, "1"] == 3.0
    assert whole.bins == one.bins


def test_what_was_told_before_is_not_changed_by_adding_up() -> None:
    snapshot = tally(GOOD).snapshot(0, 0.0, 0.0, {}, ended=True)
    before = snapshot.encode()
    add_up([snapshot, snapshot])
    assert snapshot.encode() == before
