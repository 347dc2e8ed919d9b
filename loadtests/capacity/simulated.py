"""A bench that is a simulation: trials of a modelled chain, in simulated time."""

import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile

import msgspec
import numpy as np
import polars as pl

from loadtests.arrivals.rates import Poisson
from loadtests.capacity.judging import Halves, Observed, trial_of
from loadtests.capacity.trial import Trial, TrialPlan
from loadtests.results.measures import Attempts, Measures, Percentiles, Phones, Stages, percentiles
from loadtests.results.slo import Rule
from loadtests.simulation.forecast import Forecast, latencies_seconds, simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
from loadtests.simulation.usage import usage_of
from loadtests.streams import stream
from testbed.est_errors import EstError

_BASELINE_PHONES = 50
_BASELINE_SPACING_SECONDS = 3600.0
# What a phone of a real chain logs for each outcome.
_ERRORS = {
    Outcome.ENROLLED: EstError.NONE,
    Outcome.TIMED_OUT: EstError.SSL_READ,
    Outcome.FAILED_LOGIN: EstError.AUTH_FAIL,
    Outcome.FAILED_FORM: EstError.AUTH_FAIL,
    Outcome.FAILED_SUBMIT: EstError.UNKNOWN,
    Outcome.FAILED_DOWNLOAD: EstError.UNKNOWN,
}


class SimulatedBench:
    """Trials of `model`; phones arrive at random (Poisson), each trial with a seed of its own from `seed`.

    A trial takes as long as it would in earnest: `took_seconds` is simulated time.
    """

    def __init__(self, model: ChainModel, rules: Sequence[Rule], seed: int) -> None:
        self._model, self._rules, self._seed = model, rules, seed

    def trial(self, plan: TrialPlan) -> Trial:
        """Simulate it."""
        seed = stream(self._seed, f"trial {plan.number}").getrandbits(32)
        model = msgspec.structs.replace(self._model, seed=seed)
        if plan.rate_per_second is None:
            starts = (number * _BASELINE_SPACING_SECONDS for number in range(_BASELINE_PHONES))
            forecast = simulate(model, starts)
            busy = float((forecast.tries["ended"] - forecast.tries["started"]).sum())
            return self._made(plan, forecast, forecast.tries, busy, busy)
        forecast = simulate(model, _arrivals(plan, plan.rate_per_second, seed))
        first = forecast.tries.group_by("phone").agg(pl.col("started").min().alias("first"))
        settled = first.filter(pl.col("first") >= plan.settle_seconds)
        tries = forecast.tries.join(settled, on="phone")
        return self._made(plan, forecast, tries, plan.measured_seconds, forecast.seconds)

    def _made(
        self, plan: TrialPlan, forecast: Forecast, tries: pl.DataFrame, seconds: float, busy_seconds: float
    ) -> Trial:
        measured = measures_of(forecast, tries, seconds)
        latencies = latencies_seconds(tries)
        middle = plan.settle_seconds + plan.measured_seconds / 2
        halves = Halves(
            latencies_seconds(tries.filter(pl.col("started") < middle)),
            latencies_seconds(tries.filter(pl.col("started") >= middle)),
        )
        observed = Observed(
            msgspec.structs.replace(measured, throughput_per_second=_throughput(plan, forecast, measured)),
            {"latency": latencies, "service_time": latencies},
            usage_of(self._model, forecast, busy_seconds),
            halves.p50_seconds() if plan.rate_per_second else None,
            took_seconds=plan.settle_seconds + plan.measured_seconds,
        )
        return trial_of(plan, self._rules, observed)


def _arrivals(plan: TrialPlan, rate: float, seed: int) -> Iterator[float]:
    end = plan.settle_seconds + plan.measured_seconds
    shape = Poisson(rate, lambda: stream(seed, "arrivals"))
    return takewhile(lambda start: start < end, shape.offsets_seconds(sys.maxsize))


def _throughput(plan: TrialPlan, forecast: Forecast, measured: Measures) -> float:
    """Phones that got their LSC in the measured time, whenever they had started."""
    if plan.rate_per_second is None:
        return measured.throughput_per_second
    end = plan.settle_seconds + plan.measured_seconds
    done = forecast.tries.filter(
        pl.col("outcome") == Outcome.ENROLLED, pl.col("ended").is_between(plan.settle_seconds, end)
    )
    return done.height / plan.measured_seconds


def measures_of(forecast: Forecast, tries: pl.DataFrame, seconds: float) -> Measures:
    """A forecast's `tries` in the measures of a real run, with the EST errors that phones would log."""
    latencies = latencies_seconds(tries)
    last = _last_outcomes(tries)
    enrolled, latency, phones = latencies.len(), percentiles(latencies), last.len()
    return Measures(
        phones=Phones(phones, enrolled, phones - enrolled, 0),
        orphans=forecast.certificates.orphaned,
        outcomes=_outcomes(last),
        attempts=Attempts(tries.height, enrolled, tries.height - enrolled, _outcomes(tries["outcome"])),
        duration_seconds=seconds,
        throughput_per_second=enrolled / seconds if seconds else 0.0,
        latency_seconds=latency,
        service_time_seconds=latency,
        start_lag_seconds=Percentiles(0.0, 0.0, 0.0, 0.0),
        stage_seconds=Stages(None, None, None, None, None, None),
    )


def _last_outcomes(tries: pl.DataFrame) -> pl.Series:
    """How each phone's last try ended."""
    # With NumPy: to sort and to compare ten million whole rows takes a gigabyte.
    phones, order = tries["phone"].to_numpy(), tries["ended"].to_numpy().argsort(kind="stable")
    last = np.full(int(phones.max(initial=0)) + 1, -1, dtype=np.int64)
    last[phones[order]] = order
    return tries["outcome"].gather(last[last >= 0])


def _outcomes(outcomes: pl.Series) -> dict[str, int]:
    found: dict[str, int] = {}
    for value, count in outcomes.value_counts(sort=True).iter_rows():
        name = str(_ERRORS[Outcome(value)])
        found[name] = found.get(name, 0) + count
    return found
