"""Answers without a body."""

from typing import ClassVar

from chaos.ca.mode import PagedMode, without_page
from chaos.fault import Evidence
from testbed.ca.faults import Kind
from testbed.ra.certsrv.calls import Stage


class Empty(PagedMode, frozen=True, kw_only=True):
    """HTTP status 200 and no byte more."""

    name: ClassVar[str] = "ca.empty"
    summary: ClassVar[str] = "the CA's answers are empty"
    kind: ClassVar[Kind] = "empty"
    felt_first: ClassVar[Stage] = Stage.FORM

    def evidence(self) -> tuple[Evidence, ...]:
        """A form without its template leaves no line of the RA's own; what follows does."""
        return without_page(self.felt_at, "no certificate in 0 bytes of text/html")
