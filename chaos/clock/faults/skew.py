"""A clock that is off by a constant, as one that NTP does not set."""

from typing import ClassVar

from chaos.clock.fault import ClockFault, OffsetSeconds, wrong_by
from chaos.fault import Evidence
from chaos.system import Reading


class Skew(ClockFault, frozen=True, kw_only=True):
    """Ahead by `offset_seconds`; behind when that is negative."""

    name: ClassVar[str] = "clock.skew"
    summary: ClassVar[str] = "a part's clock is ahead or behind"

    offset_seconds: OffsetSeconds = -86_400.0

    def reading(self) -> Reading:
        """Off, at the right pace."""
        return Reading(self.offset_seconds)

    def evidence(self) -> tuple[Evidence, ...]:
        """A certificate that is not valid at that time, if there is one."""
        return wrong_by(self.part, self.offset_seconds)
