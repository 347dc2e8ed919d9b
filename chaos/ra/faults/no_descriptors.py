"""An RA that cannot open a file or take a connection."""

from typing import ClassVar

from chaos.evidence import capf_failed
from chaos.fault import Evidence
from chaos.parts.descriptors import ExhaustedPart
from chaos.system import Part
from testbed.est_errors import EstError


class NoDescriptors(ExhaustedPart, frozen=True, kw_only=True):
    """Clients wait in the accept queue, as NGINX leaves them there."""

    name: ClassVar[str] = "ra.no_descriptors"
    summary: ClassVar[str] = "the RA has no file descriptors left"
    part: ClassVar[Part] = "ra"

    def evidence(self) -> tuple[Evidence, ...]:
        """NGINX's line, and a phone that gives up."""
        if self.left:
            return ()
        line = Evidence("nginx_error", r"\[crit\] \d+#0: accept4\(\) failed \(24: Too many open files\)")
        return (line, capf_failed(EstError.SSL_CONNECT))
