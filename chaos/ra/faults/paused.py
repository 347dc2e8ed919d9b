"""An RA that is frozen."""

from typing import ClassVar

from chaos.evidence import capf_failed
from chaos.fault import Evidence
from chaos.parts.paused import PausedPart
from chaos.system import Part
from testbed.est_errors import EstError


class Paused(PausedPart, frozen=True, kw_only=True):
    """All of the RA's processes are stopped (SIGSTOP): its kernel takes connections, nothing answers."""

    name: ClassVar[str] = "ra.paused"
    summary: ClassVar[str] = "the RA is frozen"
    part: ClassVar[Part] = "ra"

    def evidence(self) -> tuple[Evidence, ...]:
        """The phone gives up in the handshake; the RA knows nothing of it."""
        return (capf_failed(EstError.SSL_CONNECT),)
