"""A bench that is a simulation: trials of a modelled chain, in simulated time."""

import random
from collections.abc import Iterator, Sequence

import msgspec
import polars as pl

from loadtests.capacity.margins import margins
from loadtests.capacity.trial import Trial, TrialPlan, Usage
from loadtests.results.measures import Attempts, Measures, Percentiles, Phones, Stages, percentiles
from loadtests.results.slo import Rule, evaluate
from loadtests.simulation.forecast import Forecast, simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel

_BASELINE_PHONES = 50
_BASELINE_SPACING_SECONDS = 3600.0


class SimulatedBench:
    """Trials of `model`; phones arrive at random (Poisson), each trial with a seed of its own from `seed`."""

    def __init__(self, model: ChainModel, rules: Sequence[Rule], seed: int) -> None:
        self._model, self._rules, self._seed = model, rules, seed

    def trial(self, plan: TrialPlan) -> Trial:
        """Simulate it."""
        model = msgspec.structs.replace(self._model, seed=hash_seed(self._seed, plan.number))
        if plan.rate_per_second is None:
            starts = (number * _BASELINE_SPACING_SECONDS for number in range(_BASELINE_PHONES))
            forecast = simulate(model, starts)
            busy = forecast.tries["ended"] - forecast.tries["started"]
            tries, measured = forecast.tries, measures_of(forecast, forecast.tries, float(busy.sum()))
        else:
            forecast = simulate(model, self._arrivals(plan, plan.rate_per_second, model.seed))
            first = forecast.tries.group_by("phone").agg(pl.col("started").min().alias("first"))
            settled = first.filter(pl.col("first") >= plan.settle_seconds)
            tries = forecast.tries.join(settled, on="phone")
            measured = measures_of(forecast, tries, plan.measured_seconds)
        return trial_of(plan, measured, self._rules, self._usage(forecast))

    def _arrivals(self, plan: TrialPlan, rate: float, seed: int) -> Iterator[float]:
        source = random.Random(f"arrivals {seed}")  # noqa: S311 - a simulation, not a secret
        now, end = source.expovariate(rate), plan.settle_seconds + plan.measured_seconds
        while now < end:
            yield now
            now += source.expovariate(rate)

    def _usage(self, forecast: Forecast) -> Usage:
        ra, capacity, seconds = self._model.ra, self._model.capacity, forecast.seconds or 1.0
        workers = ra.workers.count * self._model.ra_nodes if ra.workers.blocking else 0
        threads = capacity.workers * self._model.ca_nodes
        return Usage(
            ra_workers=forecast.ra_busy_seconds / seconds / workers if workers else None,
            ca_threads=forecast.ca_busy_seconds / seconds / threads if threads else None,
            ca_signing=forecast.signer_busy_seconds / seconds / self._model.ca_nodes
            if capacity.signing
            else None,
        )


def hash_seed(seed: int, number: int) -> int:
    """A seed for each trial that has nothing to do with the others."""
    return random.Random(f"{seed} trial {number}").getrandbits(32)  # noqa: S311 - a simulation


def measures_of(forecast: Forecast, tries: pl.DataFrame, seconds: float) -> Measures:
    """A forecast's `tries` in the measures of a real run; outcomes by EST error are not simulated."""
    enrolled = tries.filter(pl.col("outcome") == Outcome.ENROLLED)
    latency = percentiles(latencies(tries))
    phones = tries["phone"].n_unique()
    return Measures(
        phones=Phones(phones, enrolled.height, phones - enrolled.height, 0),
        orphans=forecast.certificates.orphaned,
        outcomes={},
        attempts=Attempts(tries.height, enrolled.height, tries.height - enrolled.height, {}),
        duration_seconds=seconds,
        throughput_per_second=enrolled.height / seconds if seconds else 0.0,
        latency_seconds=latency,
        service_time_seconds=latency,
        start_lag_seconds=Percentiles(0.0, 0.0, 0.0, 0.0),
        stage_seconds=Stages(None, None, None, None, None, None),
    )


def latencies(tries: pl.DataFrame) -> pl.Series:
    """Of those that enrolled, in seconds."""
    enrolled = tries.filter(pl.col("outcome") == Outcome.ENROLLED)
    return enrolled["ended"] - enrolled["started"]


def trial_of(plan: TrialPlan, measured: Measures, rules: Sequence[Rule], usage: Usage) -> Trial:
    """The trial that these measures make."""
    phones, latency = measured.phones, measured.latency_seconds
    slo = evaluate(rules, measured)
    return Trial(
        plan=plan,
        phones=phones.intended,
        throughput_per_second=measured.throughput_per_second,
        latency_p50_seconds=latency.p50 if latency else None,
        latency_p99_seconds=latency.p99 if latency else None,
        failed_share=phones.failed / phones.intended if phones.intended else 0.0,
        slo=slo,
        margins=margins(rules, slo.rules, phones.intended),
        usage=usage,
        generator_bound=False,
    )
