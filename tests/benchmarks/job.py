"""What a benchmark asks `generator_alone` to do, and what that answers."""

import msgspec

from tests.benchmarks.fixed_answer import FixedAnswer

AT_ONCE = 32


class Job(msgspec.Struct, frozen=True):
    """What to do."""

    mode: str
    seconds: float
    directory: str
    server: FixedAnswer


class Outcome(msgspec.Struct, frozen=True):
    """What came of it."""

    enrollments: int
    failures: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Enrollments per second."""
        return self.enrollments / self.seconds
