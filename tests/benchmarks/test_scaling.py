"""Models of how a chain scales, against known truth and against a lab that runs."""

import os
from pathlib import Path

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.arrivals.settings import Shape
from loadtests.capacity.storm_bench import StormBench
from loadtests.capacity.trial import Trial, TrialPlan
from loadtests.results.slo import parse_all
from loadtests.scaling.chain import Chain
from loadtests.scaling.curve import Curve, peaks
from loadtests.scaling.demands import Limits
from loadtests.scaling.lab import LabLevels
from loadtests.scaling.level import usable
from loadtests.scaling.models import Models, model, offered
from loadtests.scaling.plan import LevelSettings, measure_levels
from loadtests.scaling.usl import Estimated, Usl, fit_usl
from loadtests.scenario import parse_scenario
from loadtests.storm.measured import Silent
from tests.loadtests.scaling.levels import levels_of

TRUTH = Curve(20.0, 0.05, 0.001)
SEEDS = 200
LOADS = (0.4, 0.75)

# Five blocking workers at the RA, three page threads and a signing device at the CA: who gives first is not
# to be seen from any of these numbers alone.
CHAIN = """
name = "levels"
seed = 7
[phones]
key = "p-256"
[ra.workers]
model = "blocking"
[ca.capacity]
workers = 3
[ca.capacity.form]
kind = "constant"
seconds = 0.03
[ca.capacity.submit]
kind = "lognormal"
median_seconds = 0.04
sigma = 0.8
[ca.capacity.signing]
kind = "exponential"
mean_seconds = 0.02
"""


def test_intervals_hold_the_truth_as_often_as_they_say(benchmark: BenchmarkFixture) -> None:
    fits: list[Usl] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: fits.extend(fit_usl(levels_of(TRUTH, 0.03, seed), seed) for seed in range(SEEDS))
    )
    hits = {
        "lambda": _held([usl.alone_per_second for usl in fits], TRUTH.alone_per_second),
        "sigma": _held([usl.contention for usl in fits], TRUTH.contention),
        "kappa": _held([usl.coherency for usl in fits], TRUTH.coherency),
        "peak": _held([usl.peak_concurrency for usl in fits], float(peaks(TRUTH.parameters)[0])),
    }
    flat = [fit_usl(levels_of(Curve(20.0, 0.05, 0.0), 0.03, seed), seed) for seed in range(SEEDS)]
    benchmark.extra_info.update(hits, seeds=SEEDS, told_without_kappa=sum(u.coherency_told for u in flat))
    assert all(share >= 0.9 for share in hits.values())
    assert sum(usl.coherency_told for usl in flat) <= 0.05 * SEEDS


@pytest.mark.timeout(600)
def test_the_queueing_model_predicts_levels_that_it_has_not_seen(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    scenario = parse_scenario(CHAIN, "the benchmark")
    limits = Limits.of(scenario, len(os.sched_getaffinity(0)))
    settings = LevelSettings(repeats=2, settle_seconds=1.0, measured_seconds=5.0)
    bench = LabLevels(scenario, tmp_path, limits, print)
    found: list[Models] = []

    def measure() -> None:
        levels = measure_levels(bench, settings, 0.2, 1, enough=lambda *_: False)
        found.append(model(levels, limits, 1))

    benchmark.pedantic(measure)  # type: ignore[no-untyped-call]
    models = found[0]
    assert models.usl is not None
    assert models.queueing is not None
    assert models.comparison is not None
    assert models.comparison.queueing_error is not None
    benchmark.extra_info.update(
        levels={level.concurrency: round(level.per_second, 2) for level in models.levels},
        queueing={point.concurrency: round(point.per_second, 2) for point in models.queueing.at_once},
        left_out={row.concurrency: row.queueing_left_out_per_second for row in models.comparison.levels},
        usl=[models.usl.alone_per_second.value, models.usl.contention.value, models.usl.coherency.value],
        note=models.usl.note,
        bottleneck=models.queueing.bottleneck,
        usl_error=models.comparison.usl_error,
        queueing_error=models.comparison.queueing_error,
        chance=models.comparison.chance,
        better=models.comparison.better,
    )
    assert models.queueing.bottleneck in ("CA threads", "CA signing", "RA workers")
    assert models.comparison.queueing_error < 0.15


@pytest.mark.timeout(600)
def test_the_queueing_model_predicts_latency_under_a_rate(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    """From levels of phones at a time: what phones that start at random will wait."""
    scenario = parse_scenario(CHAIN, "the benchmark")
    limits = Limits.of(scenario, len(os.sched_getaffinity(0)))
    settings = LevelSettings(highest=32, repeats=1, settle_seconds=1.0, measured_seconds=5.0)
    bench = LabLevels(scenario, tmp_path / "levels", limits, print)
    levels = measure_levels(bench, settings, 0.2, 1, enough=lambda *_: False)
    chain = Chain.measured(usable(levels), limits)
    arrivals = msgspec.structs.replace(scenario.arrivals, shape=Shape.POISSON)
    random = msgspec.structs.replace(scenario, arrivals=arrivals)
    storms = StormBench(random, parse_all(["latency_p99_seconds <= 60s"]), 1, tmp_path / "trials", Silent())
    rates = [share * chain.highest_per_second() for share in LOADS]
    trials: list[Trial] = []
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: trials.extend(
            storms.trial(TrialPlan("hold", number, rate, 3.0, 25.0)) for number, rate in enumerate(rates, 1)
        )
    )
    for trial, rate in zip(trials, rates, strict=True):
        predicted = offered(chain, rate)
        assert predicted is not None
        assert trial.latency_p50_seconds is not None
        benchmark.extra_info[f"{rate:.1f}/s"] = {
            "p50": (predicted.latency_p50_seconds, trial.latency_p50_seconds),
            "p99": (predicted.latency_p99_seconds, trial.latency_p99_seconds),
        }
        assert predicted.latency_p50_seconds == pytest.approx(trial.latency_p50_seconds, rel=0.4)


def _held(found: list[Estimated | None], truth: float) -> float:
    return sum(each is not None and each.low <= truth <= each.high for each in found) / len(found)
