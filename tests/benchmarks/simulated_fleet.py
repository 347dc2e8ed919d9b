"""`python -m tests.benchmarks.simulated_fleet NODES PHONES`: so many RAs, in a process of its own."""

import resource
import sys
import time
from collections.abc import Iterator

import msgspec

from loadtests.arrivals.rates import Poisson
from loadtests.simulation.forecast import simulate
from loadtests.simulation.settings import ChainModel
from loadtests.streams import stream
from testbed.ca.capacity_settings import CapacitySettings, ExponentialTime, LognormalTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaSettings

RATE_PER_NODE = 160.0
CHAIN = ChainModel(
    CapacitySettings(
        workers=50, login=ExponentialTime(0.02), form=ExponentialTime(0.02), submit=LognormalTime(0.1, 0.8),
        download=ExponentialTime(0.02),
    ),
    RaSettings(workers=RaWorkers("blocking", 60)),
)  # fmt: skip


class Cost(msgspec.Struct, frozen=True):
    """What a simulation took: CPU seconds, the most memory that the process had, and what came of it."""

    phones: int
    enrolled: int
    tries: int
    cpu_seconds: float
    peak_bytes: int


def starts(phones: int, rate: float = RATE_PER_NODE) -> Iterator[float]:
    """Phones that come at random."""
    return Poisson(rate, lambda: stream(1, "arrivals")).offsets_seconds(phones)


def fleet(nodes: int, phones: int) -> Cost:
    """Simulate them, an RA and a CA a node."""
    model = msgspec.structs.replace(CHAIN, ra_nodes=nodes, ca_nodes=nodes)
    before = time.process_time()
    forecast = simulate(model, starts(phones, RATE_PER_NODE * nodes))
    spent = time.process_time() - before
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Cost(forecast.phones, forecast.enrolled, forecast.tries.height, spent, peak_bytes)


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(fleet(int(sys.argv[1]), int(sys.argv[2]))).decode())
