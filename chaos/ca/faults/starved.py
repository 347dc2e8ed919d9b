"""A CA that gets little of the CPU."""

from typing import ClassVar

from chaos.ca.faults.paused import Paused
from chaos.parts.paused import PausedPart
from chaos.parts.starved import StarvedPart


class Starved(StarvedPart, frozen=True, kw_only=True):
    """The CA runs for a `share` of each `period_seconds` alone, frozen (SIGSTOP) for the rest."""

    name: ClassVar[str] = "ca.starved"
    summary: ClassVar[str] = "the CA gets a share of the CPU's time alone"
    freeze: ClassVar[PausedPart] = Paused()
