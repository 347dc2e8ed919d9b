"""A simulation from its model to its numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from loadtests.simulation.ca import Ca
from loadtests.simulation.clockwork import Clockwork
from loadtests.simulation.ledger import Ledger, Outcome
from loadtests.simulation.phones import Fleet
from loadtests.simulation.ra import Ra
from loadtests.simulation.settings import ChainModel, Stage
from loadtests.simulation.weather import Weather


@dataclass(frozen=True, slots=True)
class Certificates:
    """What became of every certificate: `issued` is the sum of the others."""

    issued: int
    delivered: int
    handed_out_late: int
    orphaned: int
    kept: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a simulation says.

    `tries` has a row for each try: `phone`, `started`, `ended` (seconds from the start) and `outcome` (a
    value of Outcome). `false_timeouts` are timers that went off although the answer came later: the RA's by
    stage, and the phones' as `phone`. Busy seconds are summed over all workers, threads and devices.
    `unconnected` counts the RA's vain attempts to get a connection to the CA, `connections_refused` those of
    phones to get into an RA's accept queue.
    """

    tries: pl.DataFrame
    phones: int
    certificates: Certificates
    timeouts: dict[Stage, int]
    false_timeouts: dict[str, int]
    seconds: float
    ra_busy_seconds: float
    ra_cpu_busy_seconds: float
    ra_front_busy_seconds: float
    ra_pool_busy_seconds: float
    ca_busy_seconds: float
    signer_busy_seconds: float
    ca_wasted_seconds: float
    ca_turned_away: int
    unconnected: int
    connections_refused: int

    @property
    def enrolled(self) -> int:
        """Phones that got their LSC."""
        return latencies_seconds(self.tries).len()

    def latency_seconds(self, quantile: float) -> float | None:
        """Of the tries that enrolled, from their start; None when there is none."""
        return latencies_seconds(self.tries).quantile(quantile, "nearest")


def latencies_seconds(tries: pl.DataFrame) -> pl.Series:
    """Of those of a forecast's tries that enrolled, from their start."""
    enrolled = tries.filter(pl.col("outcome") == Outcome.ENROLLED)
    return enrolled["ended"] - enrolled["started"]


def simulate(model: ChainModel, starts: Iterator[float]) -> Forecast:
    """Phones that start at `starts` (seconds, never decreasing) enroll through the chain of `model`.

    The same model and starts give the same forecast. Times come from the model's seed.
    """
    clock = Clockwork()
    ca = Ca(model, clock, Weather(model, clock))
    ra = Ra(model, ca, clock)
    ledger = Ledger()
    Fleet(model, starts, ra, clock, ledger).start()
    clock.run()
    return forecast_of(ca, ra, ledger, clock.now)


def forecast_of(ca: Ca, ra: Ra, ledger: Ledger, seconds: float) -> Forecast:
    """What a simulation that has ended after so many seconds says."""
    tries = ledger.frame()
    return Forecast(
        tries=tries,
        phones=tries["phone"].n_unique(),
        certificates=Certificates(ca.issued, ra.delivered, ra.handed_out, ra.orphaned, ra.kept),
        timeouts=ra.timeouts,
        false_timeouts={"phone": ledger.late_answers}
        | {str(stage): n for stage, n in ra.false_timeouts.items()},
        seconds=seconds,
        ra_busy_seconds=ra.busy_seconds(),
        ra_cpu_busy_seconds=ra.cpu_busy_seconds(),
        ra_front_busy_seconds=ra.front_busy_seconds(),
        ra_pool_busy_seconds=ra.pool_busy_seconds(),
        ca_busy_seconds=ca.workers.held_seconds(),
        signer_busy_seconds=ca.signer.held_seconds() if ca.signer else 0.0,
        ca_wasted_seconds=ca.wasted_seconds,
        ca_turned_away=ca.turned_away,
        unconnected=ra.unconnected,
        connections_refused=ra.refused,
    )
