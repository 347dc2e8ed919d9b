"""A queueing network under an offered rate: how long an enrollment takes, on average and at worst.

Each part of the network is taken by itself (Jackson). The wait at a place is that of exponential times times
(C²a + C²s) / 2, after Allen and Cunneen: exact for M/M/c and M/G/1, within a few percent for M/D/c.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadtests.scaling.curve import Array
from loadtests.scaling.network import Part, Place, Station, is_delay

_POISSON_SCV = 1.0


@dataclass(frozen=True, slots=True)
class Flow:
    """What a rate makes of a network. Of all enrollments, `waiting_share` wait somewhere.

    `wait_seconds` is the mean wait of all, 0 of those who do not; `held_seconds` is the mean of the rest.
    """

    held_seconds: float
    wait_seconds: float
    waiting_share: float

    @property
    def seconds(self) -> float:
        """The mean time of an enrollment."""
        return self.held_seconds + self.wait_seconds

    def percentile_seconds(self, share: float, alone: Array) -> float:
        """Within which that share of enrollments ends.

        `alone` are the times of single enrollments, measured where none waits. Held times spread as they do;
        the wait of those who wait is exponential, as it is in M/M/c and, under load, nearly so elsewhere.
        """
        held = np.sort(alone) * (self.held_seconds / alone.mean())
        if self.waiting_share <= 0:
            return float(np.quantile(held, share))
        mean = self.wait_seconds / self.waiting_share
        low, high = 0.0, float(held[-1]) + mean * 60
        for _ in range(60):
            middle = (low + high) / 2
            left = np.clip(middle - held, 0.0, None)
            done = np.where(middle >= held, 1 - self.waiting_share * np.exp(-left / mean), 0.0).mean()
            low, high = (middle, high) if done < share else (low, middle)
        return high


def highest_per_second(parts: Sequence[Part]) -> float:
    """The rate that the network cannot exceed: what its slowest place does; infinite without one."""
    return min((Place.of(part).highest for part in parts if not is_delay(part)), default=float("inf"))


def flow(parts: Sequence[Part], per_second: float, arrival_scv: float = _POISSON_SCV) -> Flow | None:
    """The network at that rate; None when it is more than a place can do: then waits grow without end.

    `arrival_scv` is the squared coefficient of variation of the times between arrivals: 1 Poisson, 0 even.
    """
    delay_seconds = sum(part.seconds for part in parts if isinstance(part, Station) and is_delay(part))
    held, wait, free = delay_seconds, 0.0, 1.0
    for place in (Place.of(part) for part in parts if not is_delay(part)):
        if per_second >= place.highest:
            return None
        here = _visit(place, per_second, arrival_scv)
        held, wait, free = held + here.held_seconds, wait + here.wait_seconds, free * (1 - here.waiting_share)
    return Flow(held, wait, 1 - free)


def _visit(place: Place, per_second: float, arrival_scv: float) -> Flow:
    """One place by itself: a birth-death process."""
    load = per_second / place.highest
    logs = place.weights(place.most) + np.arange(place.most + 1) * np.log(per_second)
    shares = np.exp(logs - logs.max())
    # From `most` on each state is `load` times as likely as the one before.
    shares[-1] /= 1 - load
    shares /= shares.sum()
    waiting_share = float(shares[-1])
    in_service = float(np.arange(place.most + 1) @ shares)
    # The residual is (1 + C²s)/2; Allen and Cunneen's factor is (C²a + C²s)/2.
    factor = place.residual + (arrival_scv - 1) / 2
    wait = waiting_share / (place.highest - per_second) * factor
    return Flow(in_service / per_second, wait, waiting_share)
