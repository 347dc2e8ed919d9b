"""An error page where something else is due."""

from typing import ClassVar

from chaos.ca.mode import PagedMode, without_page
from chaos.fault import Evidence
from testbed.ca.faults import Kind
from testbed.ra.certsrv.calls import Stage


class Html(PagedMode, frozen=True, kw_only=True):
    """The error page of `certnew.cer` instead of any answer."""

    name: ClassVar[str] = "ca.html"
    summary: ClassVar[str] = "the CA answers with an error page and status 200"
    kind: ClassVar[Kind] = "html"
    felt_first: ClassVar[Stage] = Stage.FORM

    def evidence(self) -> tuple[Evidence, ...]:
        """A form without its template leaves no line of the RA's own; what follows does."""
        return without_page(self.felt_at, "no certificate, the CA says: (never set)")
