"""Random numbers of a run: one stream for each purpose, all from the run's seed.

What one purpose draws never shifts what another one gets.
"""

import random


def stream(seed: int, purpose: str) -> random.Random:
    """A fresh source for `purpose`, the same one for the same seed."""
    return random.Random(f"{seed} {purpose}")  # noqa: S311 — a load test's dice, not a secret
