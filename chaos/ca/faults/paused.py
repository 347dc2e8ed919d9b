"""A CA that is frozen."""

from typing import ClassVar

from chaos.curl import SILENT, SILENT_SOON
from chaos.evidence import failed_call
from chaos.fault import Evidence
from chaos.parts.paused import PausedPart
from chaos.system import Part
from testbed.ra.certsrv.calls import Stage


class Paused(PausedPart, frozen=True, kw_only=True):
    """The CA's process is stopped (SIGSTOP): its kernel takes connections, nothing answers."""

    name: ClassVar[str] = "ca.paused"
    summary: ClassVar[str] = "the CA is frozen"
    part: ClassVar[Part] = "ca"

    def evidence(self) -> tuple[Evidence, ...]:
        """The handshake's time-out."""
        return failed_call(Stage.LOGIN, SILENT, SILENT_SOON)
