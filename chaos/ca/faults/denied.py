"""A CA that says no."""

from typing import ClassVar

from chaos.ca.mode import CaMode
from chaos.evidence import failed_call
from chaos.fault import Evidence
from testbed.ca.faults import Kind
from testbed.ca.policy import refused_by_officer
from testbed.errors import CaRefused
from testbed.ra.certsrv.calls import Stage

_TEXT = f"certificate request denied, ReqID=1: {refused_by_officer().message}"


class Denied(CaMode, frozen=True, kw_only=True):
    """Submissions are denied as by a certificate manager (0x80094014)."""

    name: ClassVar[str] = "ca.denied"
    summary: ClassVar[str] = "the CA denies requests"
    kind: ClassVar[Kind] = "denied"
    felt_first: ClassVar[Stage] = Stage.SUBMIT

    def evidence(self) -> tuple[Evidence, ...]:
        """The RA's own words."""
        return failed_call(self.felt_at, CaRefused("denied", _TEXT))
