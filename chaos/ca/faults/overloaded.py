"""A CA with more work than threads."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from chaos.evidence import late_answer
from chaos.fault import Evidence
from chaos.parts.changed import ChangedPart
from chaos.system import Part
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, Duration
from testbed.ra.certsrv.calls import Stage


class Overloaded(ChangedPart, frozen=True, kw_only=True):
    """`workers` threads, `seconds` for each page; over `queue` waiting requests get 503 from HTTP.sys."""

    name: ClassVar[str] = "ca.overloaded"
    summary: ClassVar[str] = "the CA has few threads and slow pages"
    part: ClassVar[Part] = "ca"

    workers: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    seconds: Duration = 1.0
    queue: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1000

    def changes(self) -> Mapping[str, object]:
        """The capacity, whole."""
        return {
            "ca.capacity": CapacitySettings(
                workers=self.workers,
                kernel_queue=self.queue,
                page_queue=0,
                login=ConstantTime(self.seconds),
                form=ConstantTime(self.seconds),
                submit=ConstantTime(self.seconds),
                download=ConstantTime(self.seconds),
            )
        }

    def evidence(self) -> tuple[Evidence, ...]:
        """The time in the rows; more where requests come together."""
        return late_answer(Stage.LOGIN, self.seconds)
