"""A CA that asks its manager first."""

from typing import ClassVar

from chaos.ca.mode import CaMode
from chaos.evidence import failed_call
from chaos.fault import Evidence
from testbed.ca.faults import Kind
from testbed.errors import CaPending
from testbed.ra.certsrv.calls import Stage


class Pending(CaMode, frozen=True, kw_only=True):
    """Submissions wait for a certificate manager, whatever their template says."""

    name: ClassVar[str] = "ca.pending"
    summary: ClassVar[str] = "the CA leaves requests pending"
    kind: ClassVar[Kind] = "pending"
    felt_first: ClassVar[Stage] = Stage.SUBMIT

    def evidence(self) -> tuple[Evidence, ...]:
        """The RA's own words."""
        return failed_call(self.felt_at, CaPending(1, "certificate request is pending, ReqID=1"))
