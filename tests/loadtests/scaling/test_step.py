from pathlib import Path

import pytest

from loadtests.scaling.demands import Limits
from loadtests.scaling.level import Repeat
from loadtests.scaling.plan import LevelPlan
from loadtests.scaling.records import LevelRecords
from loadtests.scaling.step import ModelStep, reserved_seconds, settings_for
from tests.loadtests.scaling.levels import repeat


class Bench:
    """Five places; each measurement takes `besides` seconds more. After `most` the user interrupts."""

    def __init__(self, most: int = 1000, besides: float = 4.0) -> None:
        self.now, self._besides = 0.0, besides
        self.plans: list[LevelPlan] = []
        self._most = most

    def measure(self, plan: LevelPlan) -> Repeat:
        if len(self.plans) >= self._most:
            raise KeyboardInterrupt
        self.plans.append(plan)
        self.now += plan.settle_seconds + plan.measured_seconds + self._besides
        return repeat(min(plan.concurrency, 5) * 10.0 * (1 + 0.01 * plan.repeat))


def step(bench: Bench, folder: Path, seconds: float | None, lines: list[str] | None = None) -> ModelStep:
    told = [] if lines is None else lines
    return ModelStep(
        bench, LevelRecords(folder), Limits(), 1, 0.1, seconds, told.append, clock=lambda: bench.now
    )


def test_all_levels_are_measured_where_there_is_time(tmp_path: Path) -> None:
    lines: list[str] = []
    models = step(Bench(), tmp_path, None, lines).run()
    assert [len(level.repeats) for level in models.levels] == [3] * 7
    assert models.usl is not None
    assert len(lines) == 21
    assert lines[0] == "level   1 at a time, 1: 10.1/s"


@pytest.mark.parametrize("seconds", [75.0, 120.0, 200.0, 400.0])
def test_the_time_that_was_given_is_kept(tmp_path: Path, seconds: float) -> None:
    bench = Bench()
    models = step(bench, tmp_path, seconds).run()
    assert bench.now <= seconds
    assert len(models.levels) == 7


def test_a_slow_machine_measures_fewer_levels_rather_than_for_longer(tmp_path: Path) -> None:
    bench = Bench(besides=12.0)
    models = step(bench, tmp_path, 120.0).run()
    assert 100 < bench.now <= 127
    assert len(models.levels) == 6


def test_without_enough_time_nothing_is_measured_and_it_is_said(tmp_path: Path) -> None:
    bench = Bench()
    models = step(bench, tmp_path, 30.0).run()
    assert bench.plans == []
    assert "no room to measure levels" in models.note


def test_an_interrupted_step_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        step(Bench(most=9), tmp_path, None).run()
    bench = Bench()
    models = step(bench, tmp_path, None).run()
    assert len(bench.plans) == 21 - 9
    assert [len(level.repeats) for level in models.levels] == [3] * 7


def test_an_interrupted_step_keeps_its_time_in_all(tmp_path: Path) -> None:
    first, then = Bench(most=15), Bench(besides=40.0)
    with pytest.raises(KeyboardInterrupt):
        step(first, tmp_path, 400.0).run()
    step(then, tmp_path, 400.0).run()
    assert then.plans
    assert first.now + then.now <= 400


def test_what_labs_needed_is_gone_afterwards(tmp_path: Path) -> None:
    (tmp_path / "levels" / "1-at-once-1").mkdir(parents=True)
    step(Bench(), tmp_path, None).run()
    assert [path.name for path in tmp_path.iterdir()] == ["levels.jsonl"]


def test_less_time_means_fewer_repeats_first_and_shorter_ones_then() -> None:
    found = [settings_for(seconds) for seconds in (1000.0, 200.0, 100.0, 75.0, 60.0)]
    assert [each and (each.repeats, round(each.measured_seconds, 1)) for each in found] == [
        (3, 6.0),
        (2, 6.0),
        (1, 6.0),
        (1, 4.2),
        None,
    ]


def test_a_part_of_a_budget_is_kept_for_the_levels_if_that_is_enough() -> None:
    assert reserved_seconds(600) == pytest.approx(180)
    assert reserved_seconds(3600) == 300
    assert reserved_seconds(60) == 0
