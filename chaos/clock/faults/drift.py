"""A clock that runs too fast or too slow, from where it is."""

from typing import Annotated, ClassVar

import msgspec

from chaos.clock.fault import ClockFault, OffsetSeconds, wrong_by
from chaos.fault import Evidence
from chaos.system import Reading

_SHOWN_AFTER_SECONDS = 2.0


class Drift(ClockFault, frozen=True, kw_only=True):
    """Gains `rate` - 1 seconds a second, `offset_seconds` off when it begins.

    Its processes see the true pace for a second, and then a step: back, when the clock is slow.
    """

    name: ClassVar[str] = "clock.drift"
    summary: ClassVar[str] = "a part's clock runs at another rate"

    rate: Annotated[float, msgspec.Meta(gt=0, le=1e6)] = 0.99
    offset_seconds: OffsetSeconds = 0.0

    def reading(self) -> Reading:
        """Off, at the wrong pace."""
        return Reading(self.offset_seconds, self.rate)

    def evidence(self) -> tuple[Evidence, ...]:
        """What it leaves once it has drifted for two seconds."""
        return wrong_by(self.part, self.offset_seconds + (self.rate - 1) * _SHOWN_AFTER_SECONDS)
