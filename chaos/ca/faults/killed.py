"""A CA that dies and comes back."""

from typing import ClassVar

from chaos.curl import CLOSED, REFUSED, RESET
from chaos.evidence import failed_call
from chaos.fault import Evidence
from chaos.parts.killed import KilledPart
from chaos.system import Part
from testbed.ra.certsrv.calls import Stage


class Killed(KilledPart, frozen=True, kw_only=True):
    """The CA's process is killed, and started again, its database as it was."""

    name: ClassVar[str] = "ca.killed"
    summary: ClassVar[str] = "the CA is killed and started again"
    part: ClassVar[Part] = "ca"

    def evidence(self) -> tuple[Evidence, ...]:
        """Refused, or behind a proxy closed."""
        return failed_call(Stage.LOGIN, REFUSED, CLOSED, RESET)
