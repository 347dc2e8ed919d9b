"""A search on a lab that is another one in every second trial: two minutes, on an idle machine."""

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched, capacity_of
from loadtests.capacity.search import Found, SearchSettings, decide
from loadtests.capacity.storm_bench import StormBench
from loadtests.capacity.trial import Trial, TrialPlan, valid
from loadtests.capacity.wording import describe
from loadtests.report.capacity import render_capacity
from loadtests.results.slo import parse_all
from loadtests.scenario import Scenario, parse_scenario

RULE = "latency_p50_seconds <= 1.5s"
SETTINGS = SearchSettings(
    first_rate=20.0, settle_seconds=1, trial_seconds=2, hold_seconds=3, least_phones=1, least_phones_held=1,
    resolution=0.3, holds=2,
)  # fmt: skip
# A CA of a second for a submission, or of two, which breaks the rule at any rate.
SCENARIO = """
name = "disturbed"
seed = 3
[phones]
key = "p-256"
read_timeout_seconds = 60
[arrivals]
shape = "poisson"
[ra.workers]
model = "async"
[ca.capacity]
submit = {{ kind = "constant", seconds = {seconds} }}
"""
CALM, SLOW = SCENARIO.format(seconds=1.0), SCENARIO.format(seconds=2.0)


class DisturbedLab:
    """A lab for each trial; in every second one of them the CA is twice as slow."""

    def __init__(self, folder: Path) -> None:
        self._benches = [self._bench(parse_scenario(text, "here"), folder) for text in (SLOW, CALM)]

    def trial(self, plan: TrialPlan) -> Trial:
        found = self._benches[plan.number % 2].trial(plan)
        click.echo(f"{plan.step} {found.rate_per_second:.2f}/s: {found.met}, p50 {found.latency_p50_seconds}")
        return found

    @staticmethod
    def _bench(scenario: Scenario, folder: Path) -> StormBench:
        display = SearchDisplay(click.echo, lambda _: None)
        return StormBench(scenario, parse_all([RULE]), 3, folder, display)


def searched(folder: Path) -> Capacity:
    lab, trials = DisturbedLab(folder), list[Trial]()
    while isinstance(plan := decide(trials, SETTINGS), TrialPlan):
        trials.append(lab.trial(plan))
    assert isinstance(plan, Found)
    asked = Searched(
        scenario="disturbed", target="", rules=[RULE], seed=3, started=datetime.now(UTC), machine=Machine(2),
        settings=SETTINGS,
    )  # fmt: skip
    return capacity_of(trials, plan, parse_all([RULE]), asked)


@pytest.mark.timeout(900)
def test_a_lab_that_is_disturbed_is_called_unstable_and_its_interval_spans_all_that_was_seen(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    found: list[Capacity] = []
    benchmark.pedantic(lambda: found.append(searched(tmp_path)))  # type: ignore[no-untyped-call]
    answer = found[0]
    click.echo(f"{answer.interval_95}, {answer.unstable_reasons}")
    benchmark.extra_info.update(interval=answer.interval_95, reasons=answer.unstable_reasons)
    assert answer.unstable
    assert any(line.startswith("UNSTABLE") for line in describe(answer))
    assert "Unstable: " in render_capacity("run", answer, None, CALM, "estorm capacity")
    assert answer.interval_95 is not None
    low, high = answer.interval_95
    loaded = valid(answer.trials)[1:]
    assert low <= min(trial.rate_per_second for trial in loaded if not trial.met)
    assert high >= max(trial.rate_per_second for trial in loaded if trial.met)
