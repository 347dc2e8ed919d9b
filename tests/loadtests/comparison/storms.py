"""Runs to compare, made from dice: one queue of a few servers, so that attempts wait for each other."""

from collections.abc import Mapping

import numpy as np

from loadtests.comparison.observed import Observed

SERVICE_SECONDS = 0.1


def observed(
    seed: int,
    phones: int = 1000,
    *,
    load: float = 0.6,
    slower: float = 1.0,
    run_noise: float = 0.0,
    failing: float = 0.0,
    cpu_seconds: Mapping[str, float] | None = None,
) -> Observed:
    """Phones that come at random to one server (M/M/1), busy `load` of the time when not `slower`.

    `run_noise` is the deviation of the logarithm of what the whole run takes longer, `failing` the share of
    phones that never enroll.
    """
    dice = np.random.default_rng(seed)
    service = dice.exponential(SERVICE_SECONDS * slower, phones)
    service *= np.exp(dice.normal(0, run_noise)) if run_noise else 1
    starts = np.cumsum(dice.exponential(SERVICE_SECONDS / load, phones))
    # Lindley's recursion, unrolled: who comes waits for all work but the idle time before.
    steps = np.concatenate([[0.0], service[:-1] - np.diff(starts)]).cumsum()
    waits = steps - np.minimum.accumulate(steps)
    fails = dice.random(phones) < failing
    return Observed(
        name=f"seed {seed}", phones=phones, starts=starts[~fails] - starts[0],
        latencies=(waits + service)[~fails], ends=np.sort((starts + waits + service)[~fails]) - starts[0],
        phone_starts=starts - starts[0], failed=starts[fails] - starts[0],
        troubled={"EST_ERR_SSL_READ": starts[fails] - starts[0]} if fails.any() else {},
        orphans=int(fails.sum()), cpu_seconds=dict(cpu_seconds or {}),
    )  # fmt: skip
