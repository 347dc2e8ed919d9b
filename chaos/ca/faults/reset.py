"""A CA that drops its clients."""

from typing import ClassVar

from chaos.ca.mode import PagedMode
from chaos.evidence import failed_call
from chaos.fault import Evidence
from testbed.ca.faults import Kind
from testbed.errors import CurlError


class Reset(PagedMode, frozen=True, kw_only=True):
    """The connection is reset instead of an answer."""

    name: ClassVar[str] = "ca.reset"
    summary: ClassVar[str] = "the CA resets connections"
    kind: ClassVar[Kind] = "reset"

    def evidence(self) -> tuple[Evidence, ...]:
        """Curl's words for a reset; behind a proxy, which passes it on as an end, for that."""
        return failed_call(
            self.felt_at,
            CurlError(56, "Recv failure: Connection reset by peer"),
            CurlError(52, "Empty reply from server"),
        )
