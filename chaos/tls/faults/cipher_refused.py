"""A server whose cipher suites its client does not have."""

from typing import ClassVar

from chaos.tls.terms import TermsFault, no_agreement
from testbed.errors import CurlError
from testbed.server_tls import ServerTls


class CipherRefused(TermsFault, frozen=True, kw_only=True):
    """It agrees to `ciphers` alone (OpenSSL's list). The default ones encrypt nothing: no client has them."""

    name: ClassVar[str] = "tls.cipher_refused"
    summary: ClassVar[str] = "the server and its client have no cipher suite in common"
    curl: ClassVar[tuple[CurlError, ...]] = no_agreement("sslv3 alert handshake failure")

    ciphers: str = "eNULL:@SECLEVEL=0"

    def terms(self) -> ServerTls:
        """TLS 1.2: the suites of 1.3 cannot be chosen this way."""
        return ServerTls("1.2", "1.2", self.ciphers)
