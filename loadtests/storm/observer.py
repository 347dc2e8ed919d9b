"""Whoever looks on while a storm runs, and may end it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from loadtests.results.journal import Attempt
from loadtests.storm.chain import Chain


class Observer(Protocol):
    """Sees one storm from the generator's start to its end."""

    def begin(self, lab: Chain | None) -> None:
        """The storm begins, on this lab or, without one, on a user's server."""
        ...

    def look(self, now: float, new: Sequence[Attempt], cpu_seconds: Callable[[], Mapping[str, float]]) -> str:
        """Several times a second, with the attempts that ended since the last look.

        Gives a reason to end the storm before all phones have ended, or "".
        """
        ...
