"""One simulation of a plan, in the numbers that are asked of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import polars as pl

from loadtests.capacity.simulated import measures_of
from loadtests.planning.batches import Batches
from loadtests.planning.goal import Backlog, Goal
from loadtests.simulation.forecast import Forecast, simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
from loadtests.streams import stream


@dataclass(frozen=True, slots=True)
class Replication:
    """What one simulation says. `broken` is the first rule that it breaks, `backlog`, or None.

    `ra_timeouts` are timers of the RA that went off, `phone_timeouts` tries that a phone gave up, `retries`
    tries after a phone's first. Shares are of all workers, threads or devices, over the duration; None where
    there is no limit.
    """

    duration_seconds: float
    enrolled: int
    failed: int
    ra_timeouts: int
    phone_timeouts: int
    orphans: int
    retries: int
    latency_p50_seconds: float | None
    latency_p99_seconds: float | None
    ra_workers_busy_share: float | None
    ca_threads_busy_share: float | None
    ca_signing_busy_share: float | None
    broken: str | None


def replicate(
    model: ChainModel, batches: Batches, goal: Goal, seed: int, count: int
) -> Iterator[Replication]:
    """`count` simulations; the same seed has the same chances, also for another model or other batches."""
    for number in range(count):
        yield _numbers(model, batches, goal, played(model, batches, seed, number))


def played(model: ChainModel, batches: Batches, seed: int, number: int) -> Forecast:
    """The simulation that is replication `number`."""
    chance = stream(seed, f"replication {number}").getrandbits(32)
    return simulate(msgspec.structs.replace(model, seed=chance), batches.starts(chance))


def ra_worker_count(model: ChainModel) -> int:
    """How many enrollments the RA serves at once; 0: any number."""
    return model.ra.workers.count * model.ra_nodes if model.ra.workers.blocking else 0


def _numbers(model: ChainModel, batches: Batches, goal: Goal, forecast: Forecast) -> Replication:
    tries = forecast.tries
    measures = measures_of(forecast, tries, forecast.seconds)
    duration = tries["ended"].max()
    assert isinstance(duration, float)
    latency = measures.latency_seconds

    def share(busy_seconds: float, servers: int) -> float | None:
        return busy_seconds / servers / (duration or 1.0) if servers else None

    signers = model.ca_nodes if model.capacity.signing else 0
    return Replication(
        duration_seconds=duration,
        enrolled=measures.phones.enrolled,
        failed=measures.phones.failed,
        ra_timeouts=sum(forecast.timeouts.values()),
        phone_timeouts=int((tries["outcome"] == Outcome.TIMED_OUT).sum()),
        orphans=forecast.certificates.orphaned,
        retries=tries.height - forecast.phones,
        latency_p50_seconds=latency.p50 if latency else None,
        latency_p99_seconds=latency.p99 if latency else None,
        ra_workers_busy_share=share(forecast.ra_busy_seconds, ra_worker_count(model)),
        ca_threads_busy_share=share(forecast.ca_busy_seconds, model.capacity.workers * model.ca_nodes),
        ca_signing_busy_share=share(forecast.signer_busy_seconds, signers),
        broken=goal.broken(measures, _backlog(tries, batches)),
    )


def _backlog(tries: pl.DataFrame, batches: Batches) -> Backlog:
    middle = batches.count // 2 * batches.spacing_seconds
    return Backlog(_under_way(tries, middle), _under_way(tries, batches.last_seconds), batches.size)


def _under_way(tries: pl.DataFrame, moment: float) -> int:
    return tries.filter((pl.col("started") < moment) & (pl.col("ended") >= moment)).height
