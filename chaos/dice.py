"""Chance that is the same whenever the seed is the same.

Every stream is seeded with the run's seed and the names of what it decides (a proxy, a connection's number, a
fault's place in its plan), so that one fault more or less does not shift the others.
"""

import random


class Dice:
    """Streams of chance that depend on the seed and on what they are for, and on nothing else."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, *names: object) -> random.Random:
        """The stream of that name."""
        text = "\x1f".join(map(str, (self.seed, *names)))
        return random.Random(text)  # noqa: S311 - a simulation, not a secret
