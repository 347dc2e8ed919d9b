"""One simulation of a plan, in the numbers that are asked of it."""

from collections.abc import Iterator, Mapping
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

_RA_WORKERS, _RA_CPU, _CA_THREADS, _CA_SIGNING = "RA workers", "RA's CPU", "CA threads", "CA's signing"
_NGINX, _RA_POOL = "NGINX's CPU", "RA's pool of connections"


@dataclass(frozen=True, slots=True)
class Replication:
    """What one simulation says. `broken` is what it does not keep, in words, or None.

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
    ra_cpu_busy_share: float | None
    ca_threads_busy_share: float | None
    ca_signing_busy_share: float | None
    ra_pool_busy_share: float | None
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


def chances(seed: int, purpose: str) -> int:
    """The seed of one purpose of a plan with `seed`: what is tried out must not decide what is promised."""
    return stream(seed, f"plan {purpose}").getrandbits(32)


def ra_worker_count(model: ChainModel) -> int:
    """How many enrollments the RA serves at once; 0: any number."""
    return model.ra.workers.count * model.ra_nodes if model.ra.workers.blocking else 0


def _numbers(model: ChainModel, batches: Batches, goal: Goal, forecast: Forecast) -> Replication:
    tries = forecast.tries
    measures = measures_of(forecast, tries, forecast.seconds)
    duration = tries["ended"].max()
    assert isinstance(duration, float)
    latency, work = measures.latency_seconds, _work_seconds(model, forecast)

    def share(part: str) -> float | None:
        return work[part] / (duration or 1.0) if part in work else None

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
        ra_workers_busy_share=share(_RA_WORKERS),
        ra_cpu_busy_share=share(_RA_CPU),
        ca_threads_busy_share=share(_CA_THREADS),
        ca_signing_busy_share=share(_CA_SIGNING),
        ra_pool_busy_share=share(_RA_POOL),
        broken=goal.broken(measures, _backlog(tries, batches, work)),
    )


def _work_seconds(model: ChainModel, forecast: Forecast) -> dict[str, float]:
    """How long each part was busy, on average of its servers; parts without a limit are left out."""
    cores = model.overheads.cores * model.ra_nodes if model.overheads.ra_cpu_seconds else 0
    is_behind = model.ra.front == "nginx" and model.overheads.ra_front_cpu_seconds
    front = model.ra.nginx.worker_processes * model.ra_nodes if is_behind else 0
    servers = {
        _RA_WORKERS: (forecast.ra_busy_seconds, ra_worker_count(model)),
        _RA_CPU: (forecast.ra_cpu_busy_seconds, cores),
        _RA_POOL: (forecast.ra_pool_busy_seconds, model.ra.pool_places * model.ra_nodes),
        _NGINX: (forecast.ra_front_busy_seconds, front),
        _CA_THREADS: (forecast.ca_busy_seconds, model.capacity.workers * model.ca_nodes),
        _CA_SIGNING: (forecast.signer_busy_seconds, model.ca_nodes if model.capacity.signing else 0),
    }
    return {part: busy / count for part, (busy, count) in servers.items() if count}


def _backlog(tries: pl.DataFrame, batches: Batches, work_seconds: Mapping[str, float]) -> Backlog:
    middle, end = batches.count // 2 * batches.spacing_seconds, batches.count * batches.spacing_seconds
    return Backlog(
        _under_way(tries, middle), _under_way(tries, batches.last_seconds), batches.size,
        {part: seconds / end for part, seconds in work_seconds.items()},
    )  # fmt: skip


def _under_way(tries: pl.DataFrame, moment: float) -> int:
    return tries.filter((pl.col("started") < moment) & (pl.col("ended") >= moment)).height
