"""The knee of a latency curve."""

from collections.abc import Sequence

from loadtests.capacity.trial import Trial
from loadtests.scaling.pooling import Pool, pools


def knee(trials: Sequence[Trial]) -> float | None:
    """The offered rate, of those tried, at which throughput over median latency is highest.

    Kleinrock's power: below it a little more latency buys a larger share of throughput, above it a smaller
    one. Trials at like rates are taken together. None with fewer than three rates, or where it is the lowest
    or the highest that was tried: then no knee was seen.
    """
    powers = {pool.rate_per_second: power for pool in pools(trials) if (power := _power(pool))}
    if len(powers) < 3:
        return None
    best = max(powers, key=lambda rate: powers[rate])
    return None if best in (min(powers), max(powers)) else best


def _power(pool: Pool) -> float | None:
    throughput = pool.mean(lambda trial: trial.throughput_per_second)
    latency = pool.mean(lambda trial: trial.latency_p50_seconds)
    return throughput / latency if throughput and latency else None
