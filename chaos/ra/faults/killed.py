"""An RA that dies and comes back."""

from typing import ClassVar

from chaos.evidence import capf_failed
from chaos.fault import Evidence
from chaos.parts.killed import KilledPart
from chaos.system import Part
from testbed.est_errors import EstError


class Killed(KilledPart, frozen=True, kw_only=True):
    """All of the RA's processes are killed, and started again; it reads the CA's chain as it starts."""

    name: ClassVar[str] = "ra.killed"
    summary: ClassVar[str] = "the RA is killed and started again"
    part: ClassVar[Part] = "ra"

    def evidence(self) -> tuple[Evidence, ...]:
        """Refused, or behind a proxy closed."""
        return (capf_failed(EstError.IP_CONNECT, EstError.SSL_CONNECT),)
