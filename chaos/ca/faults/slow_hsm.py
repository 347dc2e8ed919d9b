"""An HSM that signs slowly."""

from collections.abc import Mapping
from typing import ClassVar

from chaos.evidence import late_answer
from chaos.fault import Evidence
from chaos.parts.changed import ChangedPart
from chaos.system import Part
from testbed.ca.capacity_settings import ConstantTime, Duration
from testbed.ra.certsrv.calls import Stage


class SlowHsm(ChangedPart, frozen=True, kw_only=True):
    """The CA signs one request at a time, `seconds` each; 0.5 is a tenth of docs/ca.md's HSM."""

    name: ClassVar[str] = "ca.slow_hsm"
    summary: ClassVar[str] = "the CA's HSM is slow"
    part: ClassVar[Part] = "ca"

    seconds: Duration = 0.5

    def changes(self) -> Mapping[str, object]:
        """The time of a signature."""
        return {"ca.capacity.signing": ConstantTime(self.seconds)}

    def evidence(self) -> tuple[Evidence, ...]:
        """The time in the submission's row."""
        return late_answer(Stage.SUBMIT, self.seconds)
