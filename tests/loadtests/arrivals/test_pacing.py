import msgspec
import pytest

from loadtests.arrivals.pacing import Schedule, count_arrivals, examine, merge_spreads
from loadtests.report import wording
from loadtests.results import table
from loadtests.results.histograms import Histogram
from loadtests.swarm.worker_report import WorkerReport
from tests.loadtests.attempts import enrolled, failed, retry

OPEN = Schedule("constant", 10.0)


def encoded(*seconds: float) -> str:
    histogram = Histogram()
    for each in seconds:
        histogram.record(each)
    return histogram.encode()


def report(number: int = 0, workers: int = 1, **known: object) -> WorkerReport:
    usual = WorkerReport(
        number, workers, phones=10, ended=True, cpu_seconds=1.0, wall_seconds=10.0,
        latency=encoded(0.05), service_time=encoded(0.05), start_lag=encoded(0.001),
        event_loop_lag=encoded(0.001),
    )  # fmt: skip
    return msgspec.structs.replace(usual, **known)


def test_rates_are_of_first_attempts_and_late_ones_are_counted_with_retries() -> None:
    rows = [
        enrolled(0, at=0.0),
        failed(1, at=0.1),
        retry(enrolled(1, at=30.0, lag=0.02), 2),
        enrolled(2, at=0.2),
    ]
    found = count_arrivals(table.build(rows), OPEN, dropped=1)
    assert found.started_rate == pytest.approx(10, rel=0.01)
    assert (found.workload, found.shape, found.intended_rate) == ("open", "constant", 10.0)
    assert (found.late, found.dropped) == (1, 1)
    assert found.start_lag_p99_seconds == pytest.approx(0.02, abs=1e-6)


def test_a_run_without_a_shape_is_labelled_closed_and_said_to_hide_stalls() -> None:
    found = count_arrivals(table.build([enrolled()]), Schedule(), dropped=0)
    assert (found.workload, found.shape, found.intended_rate, found.started_rate) == (
        "closed",
        None,
        None,
        None,
    )
    assert "closed workload" in wording.arrivals(found)
    assert "hidden" in wording.arrivals(found)


def test_an_idle_generator_is_not_the_limit() -> None:
    health = examine(table.build([enrolled()]), [report()], OPEN, 10)
    assert health.reasons == []
    assert health.event_loop_lag_p99_seconds == pytest.approx(0.001)
    assert [worker.cpu_share for worker in health.workers] == [0.1]


@pytest.mark.parametrize(
    ("known", "lag", "reason"),
    [
        ({"cpu_seconds": 8.1}, 0.001, "used 81% of a core, over 80%"),
        ({}, 0.006, "p99 of start lag is 6.0 ms, over 5 ms"),
        ({"event_loop_lag": encoded(0.02)}, 0.001, "p99 of event-loop lag is 20.0 ms, over 10 ms"),
    ],
)
def test_a_generator_that_cannot_keep_up_is_the_limit_and_says_why(
    known: dict[str, object], lag: float, reason: str
) -> None:
    health = examine(table.build([enrolled(lag=lag)]), [msgspec.structs.replace(report(), **known)], OPEN, 10)
    assert health.reasons == [f"the generator {reason}" if reason.startswith("used") else reason]


def test_a_process_that_did_not_end_is_lost_with_the_phones_it_has_no_record_of() -> None:
    rows = table.build([msgspec.structs.replace(enrolled(index), worker=1) for index in (1, 3)])
    reports = [report(0, 2, phones=5), report(1, 2, phones=5, ended=False)]
    health = examine(rows, reports, Schedule("constant", 10.0, workers=2), 10)
    assert [(worker.number, worker.lost) for worker in health.lost] == [(1, 3)]


def test_a_process_that_never_reported_is_lost_with_its_share_of_the_fleet() -> None:
    health = examine(table.build([]), [report(0, 2, phones=6)], Schedule("constant", 10.0, workers=2), 11)
    assert [(worker.number, worker.phones, worker.lost) for worker in health.lost] == [(1, 5, 5)]


def test_a_process_that_had_yet_to_begin_when_the_run_was_stopped_is_not_lost() -> None:
    schedule = Schedule("constant", 10.0, workers=2)
    began = report(0, 2, phones=6, ended=False)
    health = examine(table.build([]), [began], schedule, 11, stopped=True)
    assert [(worker.number, worker.lost) for worker in health.workers] == [(0, 6), (1, 0)]


def test_spreads_are_of_all_processes_together() -> None:
    spreads = merge_spreads([report(latency=encoded(1.0)), report(latency=encoded(2.0, 3.0))])
    assert spreads.latency_from_intended_start is not None
    assert spreads.latency_from_intended_start.count == 3
    assert spreads.latency_from_intended_start.max == pytest.approx(3.0, rel=1e-3)
    assert merge_spreads([]).latency_from_intended_start is None
