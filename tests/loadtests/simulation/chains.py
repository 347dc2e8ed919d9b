"""Chains and arrivals that several tests of the simulator use."""

import random
from collections.abc import Iterator

from loadtests.simulation.forecast import Forecast
from loadtests.simulation.ledger import Outcome
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.certsrv.settings import RaConnections, RaTimers
from testbed.ra.settings import RaSettings

POOLED = RaConnections(reuse_connections=True)
PATIENT = RaTimers(*(3600.0,) * 5)


def poisson(rate: float, phones: int, seed: int = 1) -> Iterator[float]:
    """Phones that start at random."""
    source, now = random.Random(seed), 0.0
    for _ in range(phones):
        now += source.expovariate(rate)
        yield now


def evenly(rate: float, phones: int) -> Iterator[float]:
    """Phones that start one after the other."""
    return (number / rate for number in range(phones))


def blocking_ra(workers: int, timers: RaTimers = PATIENT) -> RaSettings:
    """An RA of so many blocking workers, logged in at the CA for good."""
    return RaSettings(
        connections=POOLED, timers=timers, workers=RaWorkers(model="blocking", processes=workers)
    )


def outcomes(forecast: Forecast) -> list[Outcome]:
    """How each try ended, by its start."""
    return [Outcome(value) for value in forecast.tries.sort("started", "phone")["outcome"]]


def seconds(forecast: Forecast) -> list[float]:
    """How long each try took, by its start."""
    tries = forecast.tries.sort("started", "phone")
    return (tries["ended"] - tries["started"]).to_list()
