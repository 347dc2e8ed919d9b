"""What was started when, in the numbers that tell whether it was what was asked for."""

import polars as pl

_SLOT_SECONDS = 0.1


def variance_over_mean(starts: pl.Series) -> float:
    """Of arrivals in each 100 ms: 0 is even, 1 Poisson, 45 and more all users together."""
    first = starts.min()
    assert isinstance(first, float)
    slots = ((starts - first) / _SLOT_SECONDS).floor().cast(pl.Int64)
    last = slots.max()
    assert isinstance(last, int)
    whole = pl.DataFrame({"slot": range(last)}, schema={"slot": pl.Int64})  # the last slot is cut short
    counts = whole.join(slots.alias("slot").value_counts(), on="slot", how="left")["count"].fill_null(0)
    mean, variance = counts.mean(), counts.var(0)
    assert isinstance(mean, float)
    assert isinstance(variance, float)
    return variance / mean


def stalled_p99_seconds(
    rate: float, capacity: float, run_seconds: float, stall_seconds: float, service_seconds: float
) -> float:
    """What p99 of latency from the intended start must be when the server stands still once in a run.

    A phone meant to start u seconds into the stall waits for its end, then for the rate * u phones before it,
    which are served first come, first served at the server's capacity (both per second). The slowest
    hundredth of all phones are those of the stall's first run / 100 seconds.
    """
    slowest_seconds = 0.01 * run_seconds
    return stall_seconds - slowest_seconds * (1 - rate / capacity) + service_seconds
