"""A RA that gets little of the CPU."""

from typing import ClassVar

from chaos.parts.paused import PausedPart
from chaos.parts.starved import StarvedPart
from chaos.ra.faults.paused import Paused


class Starved(StarvedPart, frozen=True, kw_only=True):
    """The RA runs for a `share` of each `period_seconds` alone, frozen (SIGSTOP) for the rest."""

    name: ClassVar[str] = "ra.starved"
    summary: ClassVar[str] = "the RA gets a share of the CPU's time alone"
    freeze: ClassVar[PausedPart] = Paused()
