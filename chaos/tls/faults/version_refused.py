"""A server that knows old versions of TLS alone."""

from typing import ClassVar, Literal

from chaos.tls.terms import TermsFault, no_agreement
from testbed.errors import CurlError
from testbed.server_tls import ServerTls


class VersionRefused(TermsFault, frozen=True, kw_only=True):
    """It agrees to `version` and no other; the lab's clients start at TLS 1.2."""

    name: ClassVar[str] = "tls.version_refused"
    summary: ClassVar[str] = "the server and its client have no version of TLS in common"
    curl: ClassVar[tuple[CurlError, ...]] = no_agreement("tlsv1 alert protocol version")

    version: Literal["1.0", "1.1"] = "1.1"

    def terms(self) -> ServerTls:
        """That version, which OpenSSL has at level 0 only."""
        return ServerTls(self.version, self.version, "DEFAULT:@SECLEVEL=0")
