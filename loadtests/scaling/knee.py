"""The knee of a latency curve."""

from collections.abc import Sequence

from loadtests.capacity.trial import Trial, valid


def knee(trials: Sequence[Trial]) -> float | None:
    """The offered rate, of those tried, at which throughput over median latency is highest.

    Kleinrock's power: below it a little more latency buys a larger share of throughput, above it a smaller
    one. None with fewer than three rates, or where it is the highest that was tried: then no knee was seen.
    """
    powers = {
        trial.rate_per_second: trial.throughput_per_second / trial.latency_p50_seconds
        for trial in valid(trials)
        if trial.plan.rate_per_second and trial.latency_p50_seconds
    }
    if len(powers) < 3:
        return None
    best = max(powers, key=lambda rate: powers[rate])
    return None if best == max(powers) else best
