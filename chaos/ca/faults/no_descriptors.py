"""A CA that cannot open a file or take a connection."""

from typing import ClassVar

from chaos.curl import CLOSED, RESET
from chaos.evidence import failed_call
from chaos.fault import Evidence
from chaos.parts.descriptors import ExhaustedPart
from chaos.system import Part
from testbed.ra.certsrv.calls import Stage


class NoDescriptors(ExhaustedPart, frozen=True, kw_only=True):
    """Connections are taken and closed at once, as HTTP.sys does when it can serve no more."""

    name: ClassVar[str] = "ca.no_descriptors"
    summary: ClassVar[str] = "the CA has no file descriptors left"
    part: ClassVar[Part] = "ca"

    def evidence(self) -> tuple[Evidence, ...]:
        """Closed in the handshake."""
        return failed_call(Stage.LOGIN, CLOSED, RESET) if self.left == 0 else ()
