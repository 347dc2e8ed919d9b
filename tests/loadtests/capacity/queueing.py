"""A chain whose capacity is known from theory: blocking RA workers, exponential times (M/M/c)."""

import math

from loadtests.capacity.simulated import SimulatedBench
from loadtests.results.slo import parse_all
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ExponentialTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.certsrv.settings import RaConnections, RaTimers
from testbed.ra.settings import RaSettings

MEAN_SECONDS = 0.1
LIMIT_SECONDS = 1.0


def bench(
    workers: int,
    seed: int,
    mean_seconds: float = MEAN_SECONDS,
    rule: str = f"latency_p99_seconds <= {LIMIT_SECONDS}s",
) -> SimulatedBench:
    ra = RaSettings(
        connections=RaConnections(reuse_connections=True), timers=RaTimers(*(3600.0,) * 5),
        workers=RaWorkers("blocking", workers),
    )  # fmt: skip
    model = ChainModel(CapacitySettings(submit=ExponentialTime(mean_seconds)), ra, read_timeout_seconds=3600)
    return SimulatedBench(model, parse_all([rule]), seed)


def true_limit(
    workers: int, mean_seconds: float = MEAN_SECONDS, limit_seconds: float = LIMIT_SECONDS, late: float = 0.01
) -> float:
    """The rate at which this share of phones takes longer than the limit."""
    low, high = 1e-6, 0.9999 * workers / mean_seconds
    for _ in range(100):
        middle = (low + high) / 2
        above = share_above_the_limit(workers, middle, mean_seconds, limit_seconds)
        low, high = (low, middle) if above > late else (middle, high)
    return low


def share_above_the_limit(workers: int, rate: float, mean_seconds: float, limit_seconds: float) -> float:
    """Of the times that customers spend in M/M/c: Erlang's C, then wait and service together."""
    load, service = rate * mean_seconds, 1 / mean_seconds
    terms = [load**k / math.factorial(k) for k in range(workers)]
    last = load**workers / math.factorial(workers) * workers / (workers - load)
    waits, drain = last / (sum(terms) + last), workers * service - rate
    if math.isclose(drain, service):
        drain *= 1 + 1e-7
    served, drained = math.exp(-service * limit_seconds), math.exp(-drain * limit_seconds)
    return served * (1 - waits) + waits * (drain * served - service * drained) / (drain - service)
