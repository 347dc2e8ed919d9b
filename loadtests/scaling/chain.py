"""The queueing network of a chain, from what was measured of it.

    generator CPU, network, NGINX's CPU     [ RA's workers: RA CPU, CA CPU, [ CA's threads: pages, signing ] ]

A pool of connections that is smaller than the workers are many is a shell of its own, around all of the RA's.
CPUs are shared by turns, so how long their work takes each time does not matter; where the processes share
the cores of one machine, work takes longer when more of them run than there are cores.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Self

import msgspec
import numpy as np

from loadtests.errors import ModelError
from loadtests.scaling.curve import Array
from loadtests.scaling.demands import Demands, Limits, Variation
from loadtests.scaling.level import Level, Repeat
from loadtests.scaling.network import Part, Shell, Station, closed
from loadtests.scaling.stream import Flow, flow, highest_per_second

_CALIBRATIONS = 8
_STRETCHES = 25
_HALVINGS = 40
_SMALL = 1e-4

GENERATOR_CPU, FRONT_CPU, RA_CPU, CA_CPU = "generator CPU", "RA front CPU", "RA CPU", "CA CPU"
PAGES, SIGNING, THREADS, WORKERS = "CA pages", "CA signing", "CA threads", "RA workers"
POOL = "RA pool"
CORES = "the machine's cores"
OUTSIDE, INSIDE = "other, before the RA", "other, in the RA"

# In this order when several would help alike.
_LIMITED: Mapping[str, str] = MappingProxyType(
    {
        WORKERS: "ra_workers", POOL: "ra_pool", THREADS: "ca_threads", SIGNING: "signing_devices",
        CORES: "cores",
        RA_CPU: "ra_processes", FRONT_CPU: "front_processes", GENERATOR_CPU: "generator_processes",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chain:
    """Mean seconds of one enrollment at each part, how many of each there are, and how times vary.

    `front_cpu` is NGINX's, where that is the RA's front. `outside` and `inside` are what no part accounts
    for, before a worker of the RA has the enrollment and while it has. `alone` are measured times of
    enrollments that had the chain nearly for themselves.
    """

    limits: Limits
    generator_cpu: float
    ra_cpu: float
    ca_cpu: float
    pages: float
    signing: float
    outside: float
    inside: float
    variation: Variation
    alone: Array
    front_cpu: float = 0.0

    @classmethod
    def measured(cls, levels: Sequence[Level], limits: Limits) -> Self:
        """From usable levels, lowest first: demands of all of them, the rest so that the lowest comes out.

        ModelError when no level says what the chain was busy with.
        """
        known = [(repeat, repeat.demands) for level in levels for repeat in level.repeats if repeat.demands]
        if not known:
            raise ModelError("the queueing model needs levels whose usage of the chain was measured")
        base = levels[0]
        first = [(repeat, repeat.demands) for repeat in base.repeats if repeat.demands] or known[:1]
        chain = cls(
            limits=limits,
            generator_cpu=_mean(known, "generator_cpu"),
            ra_cpu=_mean(known, "ra_cpu"),
            ca_cpu=_mean(known, "ca_cpu"),
            pages=_mean(known, "pages"),
            signing=_mean(known, "signing"),
            outside=0.0,
            inside=0.0,
            variation=first[0][1].variation,
            alone=np.sort(np.concatenate([demands.latencies for _, demands in first])),
            front_cpu=_mean(known, "front_cpu"),
        )
        return chain._calibrated(base, _share_inside(chain, first))

    def _calibrated(self, base: Level, share_inside: float) -> Self:
        """With `outside` and `inside` such that the lowest level comes out as it was measured."""
        measured = base.concurrency / base.per_second
        found, other = self, measured
        for _ in range(_CALIBRATIONS):
            found = replace(found, outside=other * (1 - share_inside), inside=other * share_inside)
            missing = measured - found.closed_seconds(base.concurrency)
            if abs(missing) < _SMALL * measured or other == 0:
                break
            other = max(0.0, other + missing)
        return found

    def parts(self, stretch: float = 1.0) -> tuple[Part, ...]:
        """The network, with CPU work that takes `stretch` times as long."""
        limits, variation = self.limits, self.variation
        pages: tuple[Part, ...] = (
            Station(PAGES, self.pages),
            Station(SIGNING, self.signing, limits.signing_devices, variation.signing),
        )
        if limits.ca_threads:
            pages = (Shell(THREADS, limits.ca_threads, pages, variation.page),)
        served: tuple[Part, ...] = (
            Station(RA_CPU, self.ra_cpu * stretch, limits.ra_processes),
            Station(CA_CPU, self.ca_cpu * stretch, 1),
            *pages,
            Station(INSIDE, self.inside),
        )
        if 0 < limits.ra_pool < (limits.ra_workers or math.inf):
            served = (Shell(POOL, limits.ra_pool, served, variation.enrollment),)
        if limits.ra_workers:
            served = (Shell(WORKERS, limits.ra_workers, served, variation.enrollment),)
        return (
            Station(GENERATOR_CPU, self.generator_cpu * stretch, limits.generator_processes),
            Station(OUTSIDE, self.outside),
            *self._front(stretch),
            *served,
        )

    def _front(self, stretch: float) -> tuple[Part, ...]:
        """NGINX before the workers; who waits for it holds none of them."""
        processes = self.limits.front_processes
        return (Station(FRONT_CPU, self.front_cpu * stretch, processes),) if processes else ()

    def closed_per_second(self, concurrency: int) -> float:
        """Phones per second with so many at a time, each followed by the next at once."""
        stretch, found = 1.0, 0.0
        for _ in range(_STRETCHES):
            found = float(closed(self.parts(stretch), concurrency).per_second[-1])
            needed = self._needed_stretch(found, stretch)
            if abs(needed - stretch) < _SMALL:
                break
            stretch = (stretch + needed) / 2
        return found

    def closed_seconds(self, concurrency: int) -> float:
        """The mean time of an enrollment with so many at a time."""
        return concurrency / self.closed_per_second(concurrency)

    def flow(self, per_second: float, arrival_scv: float = 1.0) -> Flow | None:
        """The chain with phones that start at that rate; None when it cannot keep up."""
        return flow(self.parts(self._stretch(per_second)), per_second, arrival_scv)

    def highest_per_second(self) -> float:
        """The rate that the chain cannot exceed."""
        low, high = 0.0, highest_per_second(self.parts())
        if not np.isfinite(high):
            return high
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            keeps_up = middle < highest_per_second(self.parts(self._stretch(middle)))
            low, high = (middle, high) if keeps_up else (low, middle)
        return low

    def reliefs(self) -> dict[str, float]:
        """The rate that it cannot exceed with twice as many of each part alone, the most helpful first.

        Empty when nothing limits it.
        """
        if not np.isfinite(self.highest_per_second()):
            return {}
        found = {name: relieved.highest_per_second() for name, relieved in self._relieved()}
        return dict(sorted(found.items(), key=lambda each: -each[1]))

    def bottleneck(self) -> str:
        """The part of which twice as many would help most; empty when nothing limits it."""
        return next(iter(self.reliefs()), "")

    def _relieved(self) -> Iterator[tuple[str, Self]]:
        for name, field in _LIMITED.items():
            if count := getattr(self.limits, field):
                limits = msgspec.structs.replace(self.limits, **{field: 2 * count})
                yield name, replace(self, limits=limits)
        yield CA_CPU, replace(self, ca_cpu=self.ca_cpu / 2)

    def _stretch(self, per_second: float) -> float:
        """How many times as long CPU work takes at that rate."""
        stretch = 1.0
        for _ in range(_STRETCHES):
            needed = self._needed_stretch(per_second, stretch)
            if abs(needed - stretch) < _SMALL:
                break
            stretch = needed
        return stretch

    def _needed_stretch(self, per_second: float, stretch: float) -> float:
        """Processes that want to run, over those that can, where work takes `stretch` times as long."""
        limits = self.limits
        if not limits.cores:
            return 1.0
        wanted = np.ones(1)
        for seconds, processes in (
            (self.generator_cpu, limits.generator_processes),
            (self.front_cpu, limits.front_processes),
            (self.ra_cpu, limits.ra_processes),
            (self.ca_cpu, 1),
        ):
            busy = min(1.0, per_second * seconds * stretch / max(processes, 1))
            for _ in range(processes):
                wanted = np.convolve(wanted, [1 - busy, busy])
        counts = np.arange(len(wanted))
        running = float(np.minimum(counts, limits.cores) @ wanted)
        return float(counts @ wanted) / running if running > 0 else 1.0


def _mean(known: Sequence[tuple[Repeat, Demands]], name: str) -> float:
    """Of what was measured under that name, by the phones it was measured with; 0 where it never was."""
    values = [(getattr(demands, name), repeat.phones) for repeat, demands in known]
    seen = [(value, phones) for value, phones in values if value is not None and phones]
    phones = sum(count for _, count in seen)
    return sum(value * count for value, count in seen) / phones if phones else 0.0


def _share_inside(chain: Chain, first: Sequence[tuple[Repeat, Demands]]) -> float:
    """Of the time that no part accounts for: how much of it the RA holds a worker for, or a place."""
    worker = max(_mean(first, "worker"), _mean(first, "pool"))
    inside = max(0.0, worker - chain.ra_cpu - chain.ca_cpu - chain.pages - chain.signing)
    before = worker + chain.generator_cpu + chain.front_cpu
    outside = max(0.0, float(chain.alone.mean()) - before) if len(chain.alone) else 0.0
    return inside / (inside + outside) if inside + outside > 0 else 1.0
