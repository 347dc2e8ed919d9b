"""A CA that takes a request and says nothing."""

from typing import ClassVar

from chaos.ca.mode import PagedMode
from chaos.evidence import failed_call, silence
from chaos.fault import Evidence
from testbed.ca.faults import Kind


class Hang(PagedMode, frozen=True, kw_only=True):
    """Not one byte of an answer, until the fault ends."""

    name: ClassVar[str] = "ca.hang"
    summary: ClassVar[str] = "the CA takes requests and never answers"
    kind: ClassVar[Kind] = "hang"

    def evidence(self) -> tuple[Evidence, ...]:
        """The RA's time-out. HTTP.sys logs nothing at the site."""
        return failed_call(self.felt_at, silence())
