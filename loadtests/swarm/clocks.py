"""Clocks of a run: its own, and how far a worker's is ahead of the master's."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from testbed.clock import steady_clock

__all__ = ["Ahead", "Question", "RunClock", "compare", "steady_clock"]

_NEGLIGIBLE_SECONDS = 0.01


@dataclass(slots=True)
class RunClock:
    """A clock that can be set back once it is known how far it is ahead."""

    clock: Callable[[], float]
    ahead_seconds: float = 0.0

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.clock() - self.ahead_seconds


class Question(msgspec.Struct, frozen=True):
    """The master asks a worker's time; both are seconds since the epoch, each by its own clock."""

    sent: float
    answered: float = 0.0


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far another clock is ahead of this one, give or take half of the time the question took."""

    seconds: float
    uncertainty_seconds: float

    @property
    def matters(self) -> bool:
        """Whether it is more than the way of a message explains."""
        return abs(self.seconds) > max(_NEGLIGIBLE_SECONDS, 2 * self.uncertainty_seconds)


def compare(question: Question, received: float) -> Ahead:
    """What an answer that was `received` at this time tells, both ways taken to be equally long."""
    middle = (question.sent + received) / 2
    return Ahead(question.answered - middle, (received - question.sent) / 2)
