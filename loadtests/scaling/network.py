"""Queueing networks of what limits a chain: stations, and shells that hold a place for all that is inside.

An RA's worker is held while its enrollment waits for the CA, a page thread while its page waits for the
signing device. So places are shells around a network of their own: it is solved for one to as many customers
as there are places, and its throughputs are the shell's service rates (a flow-equivalent server).

A customer is one enrollment; `seconds` are what it asks of a station in all its visits. Waits take the
squared coefficient of variation of one visit's time into account (`scv`: 0 constant, 1 exponential).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from loadtests.scaling.curve import Array

MOST_CUSTOMERS = 600
"""More at a time than this are beyond what floating point solves in one go."""


@dataclass(frozen=True, slots=True)
class Station:
    """`servers` that work first come, first served; 0: nobody waits, it is time that passes."""

    name: str
    seconds: float
    servers: int = 0
    scv: float = 1.0


@dataclass(frozen=True, slots=True)
class Shell:
    """`places`, each held for all that happens `inside`; `scv` is of the time for which one is held."""

    name: str
    places: int
    inside: tuple["Part", ...]
    scv: float = 1.0


Part = Station | Shell


@dataclass(frozen=True, slots=True)
class Place:
    """A part as a network sees it: so many can be in service, at `rates` per second for 1, 2, ... of them.

    `residual` is what is left of a service on average, as a share of what an exponential one leaves.
    """

    rates: Array
    residual: float

    @property
    def most(self) -> int:
        """How many can be in service; 0 when nobody ever waits."""
        return len(self.rates)

    @property
    def highest(self) -> float:
        """Customers per second at most."""
        return float(self.rates[-1])

    @classmethod
    def of(cls, part: Part) -> Self:
        """The place of a part that is no mere passing of time."""
        if isinstance(part, Station):
            rates = np.arange(1, part.servers + 1) / part.seconds
        else:
            rates = closed(part.inside, part.places).per_second
        return cls(np.asarray(rates), (1 + part.scv) / 2)

    def weights(self, customers: int) -> Array:
        """Logarithms of 1/(r(1) r(2) ... r(j)) for j = 0, 1, ... customers."""
        rates = np.append(self.rates, np.full(max(0, customers - self.most), self.highest))[:customers]
        return np.append(0.0, -np.cumsum(np.log(rates)))


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed network with 1, 2, ... customers: each comes again as soon as it has left."""

    per_second: Array

    def seconds(self, customers: int) -> float:
        """The mean time through the network."""
        return customers / float(self.per_second[customers - 1])


def closed(parts: Sequence[Part], customers: int) -> Closed:
    """The network with 1 to `customers` customers, by mean value analysis.

    Exact for exponential times. For others, who waits for a server that is busy waits for the rest of a
    service of that variation: Reiser's correction, here for many servers too.
    """
    places = [Place.of(part) for part in parts if not is_delay(part)]
    delay_seconds = sum(part.seconds for part in parts if isinstance(part, Station) and is_delay(part))
    seen = _Seen.of(places, delay_seconds, customers)
    highest = min((place.highest for place in places), default=np.inf)
    waiting, found = np.zeros(len(places)), np.zeros(customers)
    for n in range(1, customers + 1):
        waits = (seen.all_busy[:, n - 1] * [p.residual for p in places] + waiting) / seen.highest
        rate = n / (delay_seconds + seen.held[:, n - 1].sum() + waits.sum())
        # The correction is one of many customers: with few, it would have more of them do less, or too much.
        found[n - 1] = min(max(rate, found[n - 2] if n > 1 else 0.0), highest)
        waiting = found[n - 1] * waits
    return Closed(found)


def is_delay(part: Part) -> bool:
    """Whether nobody ever waits there."""
    if isinstance(part, Station):
        return part.servers == 0 or part.seconds == 0
    return _takes_no_time(part)


def _takes_no_time(part: Part) -> bool:
    return part.seconds == 0 if isinstance(part, Station) else all(map(_takes_no_time, part.inside))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What who arrives at each place finds, with 0, 1, ... others in the network; rows are places.

    `all_busy` is the probability that it must wait, `held` the mean seconds for which it will be served.
    """

    all_busy: Array
    held: Array
    highest: Array

    @classmethod
    def of(cls, places: Sequence[Place], delay_seconds: float, customers: int) -> Self:
        """By convolution: of positive terms only, so nothing cancels, however many servers there are."""
        rows = np.array(
            [place.weights(customers) for place in places] + [_delay_weights(delay_seconds, customers)]
        )
        rows += np.arange(customers + 1) * np.log(_scale(places, delay_seconds, customers))
        terms = np.exp(rows - rows.max(axis=1, keepdims=True))
        busy, held = [], []
        for number, place in enumerate(places):
            others = _convolved(np.delete(terms, number, axis=0))
            whole = np.convolve(terms[number], others)[: customers + 1]
            later = np.arange(customers + 1) >= place.most
            seconds = np.append(np.arange(1, place.most) / place.rates[:-1], place.most / place.highest)
            seconds = np.append(seconds, np.full(customers + 1, seconds[-1]))[: customers + 1]
            busy.append(np.convolve(terms[number] * later, others)[: customers + 1] / whole)
            held.append(np.convolve(terms[number] * seconds, others)[: customers + 1] / whole)
        shape = (len(places), customers + 1)
        highest = np.array([place.highest for place in places])
        return cls(np.reshape(busy, shape), np.reshape(held, shape), highest)


def _convolved(rows: Array) -> Array:
    whole = np.zeros(rows.shape[1])
    whole[0] = 1.0
    for row in rows:
        whole = np.convolve(whole, row)[: rows.shape[1]]
    return whole


def _delay_weights(delay_seconds: float, customers: int) -> Array:
    counts = np.arange(1, customers + 1)
    with np.errstate(divide="ignore"):
        return np.append(0.0, np.cumsum(np.log(delay_seconds) - np.log(counts)))


def _scale(places: Sequence[Place], delay_seconds: float, customers: int) -> float:
    """A throughput that the network comes near to: terms scaled by its powers neither vanish nor overflow."""
    alone = delay_seconds + sum(1 / float(place.rates[0]) for place in places)
    return min([customers / alone, *(place.highest for place in places)])
