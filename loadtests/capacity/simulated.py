"""A bench that is a simulation: trials of a modelled chain, in simulated time."""

import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile

import msgspec
import polars as pl

from loadtests.arrivals.rates import Poisson
from loadtests.capacity.margins import margins
from loadtests.capacity.trial import Trial, TrialPlan, Usage
from loadtests.results.measures import Attempts, Measures, Percentiles, Phones, Stages, percentiles
from loadtests.results.slo import Rule, evaluate
from loadtests.simulation.forecast import Forecast, latencies_seconds, simulate
from loadtests.simulation.settings import ChainModel
from loadtests.streams import stream

_BASELINE_PHONES = 50
_BASELINE_SPACING_SECONDS = 3600.0


class SimulatedBench:
    """Trials of `model`; phones arrive at random (Poisson), each trial with a seed of its own from `seed`."""

    def __init__(self, model: ChainModel, rules: Sequence[Rule], seed: int) -> None:
        self._model, self._rules, self._seed = model, rules, seed

    def trial(self, plan: TrialPlan) -> Trial:
        """Simulate it."""
        seed = stream(self._seed, f"trial {plan.number}").getrandbits(32)
        model = msgspec.structs.replace(self._model, seed=seed)
        if plan.rate_per_second is None:
            starts = (number * _BASELINE_SPACING_SECONDS for number in range(_BASELINE_PHONES))
            forecast = simulate(model, starts)
            busy = forecast.tries["ended"] - forecast.tries["started"]
            measured = measures_of(forecast, forecast.tries, float(busy.sum()))
        else:
            forecast = simulate(model, _arrivals(plan, plan.rate_per_second, seed))
            first = forecast.tries.group_by("phone").agg(pl.col("started").min().alias("first"))
            settled = first.filter(pl.col("first") >= plan.settle_seconds)
            tries = forecast.tries.join(settled, on="phone")
            measured = measures_of(forecast, tries, plan.measured_seconds)
        return trial_of(plan, measured, self._rules, self._usage(forecast))

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


def _arrivals(plan: TrialPlan, rate: float, seed: int) -> Iterator[float]:
    end = plan.settle_seconds + plan.measured_seconds
    shape = Poisson(rate, lambda: stream(seed, "arrivals"))
    return takewhile(lambda start: start < end, shape.offsets_seconds(sys.maxsize))


def measures_of(forecast: Forecast, tries: pl.DataFrame, seconds: float) -> Measures:
    """A forecast's `tries` in the measures of a real run; outcomes by EST error are not simulated."""
    latencies = latencies_seconds(tries)
    enrolled, latency, phones = latencies.len(), percentiles(latencies), tries["phone"].n_unique()
    return Measures(
        phones=Phones(phones, enrolled, phones - enrolled, 0),
        orphans=forecast.certificates.orphaned,
        outcomes={},
        attempts=Attempts(tries.height, enrolled, tries.height - enrolled, {}),
        duration_seconds=seconds,
        throughput_per_second=enrolled / seconds if seconds else 0.0,
        latency_seconds=latency,
        service_time_seconds=latency,
        start_lag_seconds=Percentiles(0.0, 0.0, 0.0, 0.0),
        stage_seconds=Stages(None, None, None, None, None, None),
    )


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
