"""A part that gets little of the CPU."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from chaos.errors import ChaosError
from chaos.fault import Fault
from chaos.parts.paused import PausedPart
from chaos.system import System

_JOIN_SECONDS = 30.0


class StarvedPart(Fault, frozen=True, kw_only=True):
    """Every process of a part runs for a `share` of each `period_seconds` alone; it is frozen for the rest.

    As under a hypervisor that has sold its cores more than once: no time in between is lost for others.
    """

    freeze: ClassVar[PausedPart]

    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.1
    period_seconds: Annotated[float, msgspec.Meta(ge=0.02, le=60)] = 0.2

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Frozen and thawed in turns; a part that is dead, or is started anew, in the next turn again."""
        with self.freeze.strike(system):  # takes hold at once, or says why not
            pass
        ended = threading.Event()
        turns = threading.Thread(target=self._take_turns, args=(system, ended), name=self.name, daemon=True)
        turns.start()
        try:
            yield
        finally:
            ended.set()
            turns.join(_JOIN_SECONDS)

    def _take_turns(self, system: System, ended: threading.Event) -> None:
        runs = self.share * self.period_seconds
        while not ended.is_set():
            with contextlib.suppress(ChaosError), self.freeze.strike(system):
                ended.wait(self.period_seconds - runs)
            ended.wait(runs)
