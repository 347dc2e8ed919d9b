from itertools import chain
from pathlib import Path

import pytest

from loadtests.calibration import estimating
from loadtests.calibration.iis import CaLog, read_ca_log
from testbed.ca.capacity_settings import CapacitySettings, SamplesTime
from tests.loadtests.calibration.ca_logs import NOW, queueing, row, write_log


def read(path: Path) -> CaLog:
    return read_ca_log([path], None, lambda: NOW)


def test_where_few_requests_were_under_way_the_service_time_comes_out_and_not_the_wait(
    tmp_path: Path,
) -> None:
    """An hour at 2 % load and a busy one at 90 %: M/M/1, so the busy one's take ten times as long."""
    mean = 0.2
    quiet, busy = queueing(0.1, mean, 400), queueing(4.5, mean, 6000, seed=2, start=10_000)
    log = read(write_log(tmp_path / "u_ex1.log", *chain(quiet, busy)))
    times = estimating.stage_times(log.stages["submit"])
    assert times.mean_seconds > 5 * mean
    assert times.quiet_mean_seconds == pytest.approx(mean, rel=0.15)
    capacity = estimating.capacity_of(log, CapacitySettings(workers=25))
    assert isinstance(capacity.submit, SamplesTime)
    samples = capacity.submit.seconds
    assert sum(samples) / len(samples) == pytest.approx(times.quiet_mean_seconds, abs=0.001)
    assert (capacity.workers, capacity.form) == (25, None)


def test_the_mean_rises_with_the_level_where_requests_queue(tmp_path: Path) -> None:
    log = read(write_log(tmp_path / "u_ex1.log", *queueing(4.5, 0.2, 6000)))
    levels = estimating.stage_times(log.stages["submit"]).levels
    assert levels[-1].mean_seconds > 4 * levels[0].mean_seconds
    assert sum(level.requests for level in levels) == 6000


def test_a_log_that_was_never_quiet_is_said_to_be_so(tmp_path: Path) -> None:
    log = read(write_log(tmp_path / "u_ex1.log", *(row(at // 5, "submit", 2000) for at in range(1000))))
    stages = {
        "login": estimating.stage_times(log.stages["login"]),
        "submit": estimating.stage_times(log.stages["submit"]),
    }
    assert any("may hold queueing" in text for text in estimating.unknown(log, stages))  # type: ignore[arg-type]


@pytest.mark.parametrize(("step", "ticked"), [(15.625, True), (7.0, False)])
def test_a_clock_of_coarse_ticks_is_seen(tmp_path: Path, step: float, ticked: bool) -> None:
    rows = (row(at * 10, "form", int(at % 4 * step)) for at in range(400))
    log = read(write_log(tmp_path / "u_ex1.log", *rows))
    said = estimating.unknown(log, {"form": estimating.stage_times(log.stages["form"])})
    assert any("15.6 ms" in text for text in said) is ticked


def test_times_are_told_in_units_in_which_they_are_no_zeros(tmp_path: Path) -> None:
    rows = [row(at * 10, stage, ms) for at in range(300) for stage, ms in (("submit", 43), ("form", at % 2))]
    log = read(write_log(tmp_path / "u_ex1.log", *rows))
    stages = {stage: estimating.stage_times(each) for stage, each in log.stages.items()}
    said = " ".join(estimating.known(log, stages)).replace("\N{NO-BREAK SPACE}", " ")
    assert "on average, took 43 ms; all took 43 ms" in said
    assert "on average, took less than 1 ms; all took less than 1 ms" in said


def test_the_load_is_that_of_the_submissions(tmp_path: Path) -> None:
    rows = [row(at, "submit", 10) for at in range(0, 7200, 60)] + [row(30, "submit", 10)] * 119
    load = estimating.load_of(read(write_log(tmp_path / "u_ex1.log", *rows)))
    assert load is not None
    assert load.enrollments == 239
    assert load.busiest_minute_per_second == 2
    assert load.busiest_hour_per_second == pytest.approx(179 / 3600)
    assert load.first.startswith("2026-03-02T")


def test_a_log_without_submissions_has_no_load(tmp_path: Path) -> None:
    assert estimating.load_of(read(write_log(tmp_path / "u_ex1.log", row(1, "form", 1)))) is None
