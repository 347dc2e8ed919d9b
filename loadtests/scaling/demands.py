"""What one enrollment asks of each part of the chain, as it was measured: the queueing model's input."""

from typing import Annotated, Self

import msgspec
import numpy as np
from msgspec import Meta

from loadtests.results.usage import Usage
from loadtests.scaling.curve import Array
from loadtests.scenario import Scenario

_QUANTILES = 100
_DIGITS = 4

Each = Annotated[float, Meta(ge=0, description="Seconds for each enrollment")]
Scv = Annotated[float, Meta(ge=0, description="Squared coefficient of variation")]


class Limits(msgspec.Struct, frozen=True):
    """How many there are of what a chain can run out of; 0 is no limit, and of cores: not known.

    `front_processes` are NGINX's in front of the RA, 0 where it has none; `ra_pool` connections to the CA
    are kept by all of the RA's processes together.
    """

    ra_workers: int = 0
    ca_threads: int = 0
    signing_devices: int = 0
    ra_processes: int = 1
    generator_processes: int = 1
    cores: int = 0
    front_processes: int = 0
    ra_pool: int = 0

    @classmethod
    def of(cls, scenario: Scenario, cores: int) -> Self:
        """Those of a lab that runs `scenario`, with everything on one machine of so many cores."""
        ra, capacity = scenario.lab_settings.ra, scenario.ca.capacity
        workers = ra.workers
        return cls(
            ra_workers=workers.count if workers.blocking else 0,
            ca_threads=capacity.workers,
            signing_devices=int(capacity.signing is not None),
            ra_processes=workers.process_count,
            generator_processes=scenario.generator.processes,
            cores=cores,
            front_processes=ra.nginx.worker_processes if ra.front == "nginx" else 0,
            ra_pool=ra.pool_places,
        )


class Variation(msgspec.Struct, frozen=True):
    """How much single times vary: 0 is constant, 1 exponential."""

    enrollment: Scv = 1.0
    page: Scv = 1.0
    signing: Scv = 1.0


class Demands(msgspec.Struct, frozen=True):
    """One measurement's seconds for each enrollment, by the utilization law: busy time over enrollments.

    `worker` is how long a worker of the RA was held, `pool` a connection of its pool, `pages` how long page
    threads of the CA were, the wait for the signing device and `signing` itself left out; None where it could
    not be seen. `latencies` are quantiles of single enrollments' times, evenly spaced.
    """

    generator_cpu: Each
    ra_cpu: Each
    ca_cpu: Each
    worker: Each | None
    pages: Each | None
    signing: Each | None
    variation: Variation
    latencies: list[float]
    front_cpu: Each = 0.0
    pool: Each | None = None

    @classmethod
    def of(
        cls, usage: Usage, per_second: float, limits: Limits, latencies: Array, variation: Variation
    ) -> Self:
        """Of a time in which `usage` was seen and phones enrolled at `per_second`, above 0."""

        def each(busy: float | None, servers: int = 1) -> float | None:
            return None if busy is None else busy * servers / per_second

        threads, signing = each(usage.ca_threads, limits.ca_threads), each(usage.ca_signing)
        signed = (signing or 0.0) + (usage.signing_wait_seconds or 0.0 if signing else 0.0)
        return cls(
            generator_cpu=each(usage.generator_cpu) or 0.0,
            ra_cpu=each(usage.ra_cpu) or 0.0,
            ca_cpu=each(usage.ca_cpu) or 0.0,
            worker=each(usage.ra_workers, limits.ra_workers),
            pages=None if threads is None else max(0.0, threads - signed),
            signing=signing,
            variation=variation,
            latencies=quantiles(latencies),
            front_cpu=each(usage.ra_front_cpu) or 0.0,
            pool=each(usage.ra_pool, limits.ra_pool),
        )


def quantiles(seconds: Array) -> list[float]:
    """A hundred values that spread as `seconds` do; none of none."""
    if not len(seconds):
        return []
    shares = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return [float(f"{value:.{_DIGITS}g}") for value in np.quantile(seconds, shares)]


def squared_variation(seconds: Array) -> float:
    """The squared coefficient of variation; 1, as of exponential times, where there is too little to tell."""
    mean = float(seconds.mean()) if len(seconds) else 0.0
    return float(seconds.var()) / mean**2 if len(seconds) > 1 and mean > 0 else 1.0
