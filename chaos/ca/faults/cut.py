"""Answers that end early."""

from typing import Annotated, ClassVar

import msgspec

from chaos.ca.mode import PagedMode
from chaos.evidence import failed_call
from chaos.fault import Evidence
from testbed.ca.faults import Kind
from testbed.errors import CurlError


class Cut(PagedMode, frozen=True, kw_only=True):
    """The connection ends after `body_share` of the body."""

    name: ClassVar[str] = "ca.cut"
    summary: ClassVar[str] = "the CA's answers end in the middle"
    kind: ClassVar[Kind] = "cut"

    body_share: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.5

    def evidence(self) -> tuple[Evidence, ...]:
        """Curl counts what is missing; IIS has sent it all, as far as its row says."""
        missing = CurlError(18, "transfer closed with 50 bytes remaining to read")
        return failed_call(self.felt_at, missing)
