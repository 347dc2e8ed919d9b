"""TLS contexts on the OpenSSL that `cryptography` brings, in place of the one Python was built with.

A handshake costs a fifth less there (docs/decisions.md). What `FastContext.wrap_bio` returns behaves like an
`ssl.SSLObject` as far as `TlsStream` goes, errors included, so that nothing else knows which library it is.

Key exchange is X25519, P-256 or P-384: a post-quantum key share, which the library would send by default,
costs as much again as all of X25519's part, and CAPF's OpenSSL knows none.
"""

import contextlib
import ipaddress
import ssl
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.bindings.openssl.binding import Binding
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL
from service_identity import VerificationError
from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address

from testbed.pki import PrivateKey

_GROUPS = b"X25519:P-256:P-384"
_CHUNK_BYTES = 65_536
_WRONG_NAME, _WRONG_ADDRESS = 62, 64  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_VERSIONS = {ssl.TLSVersion.TLSv1_2: SSL.TLS1_2_VERSION, ssl.TLSVersion.TLSv1_3: SSL.TLS1_3_VERSION}


class FastContext:
    """What connections to one host share: trust, versions, identity. Made once, used by any number.

    `trust_anchor` None trusts the system's authorities. OSError or SSL.Error when a file cannot be used.
    """

    def __init__(
        self,
        trust_anchor: Path | None,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> None:
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_min_proto_version(_VERSIONS[minimum])
        self._context.set_max_proto_version(_VERSIONS[maximum])
        if trust_anchor is None:
            self._context.set_default_verify_paths()
        else:
            self._context.load_verify_locations(str(trust_anchor))
        self._context.set_verify(SSL.VERIFY_PEER)
        # There is no public way to name several groups.
        Binding().lib.SSL_CTX_set1_curves_list(self._context._context, _GROUPS)  # noqa: SLF001
        self._right_names: dict[tuple[str, x509.Certificate], bool] = {}

    def use_identity(self, certificate: x509.Certificate, key: PrivateKey) -> None:
        """Show this certificate to a server that asks for one."""
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        self._context.use_certificate(certificate)
        self._context.use_privatekey(key)

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *, server_hostname: str
    ) -> "FastObject":
        """A client's end of a connection to `server_hostname` over two buffers."""
        connection = SSL.Connection(self._context, None)
        if not _is_address(server_hostname):
            connection.set_tlsext_host_name(server_hostname.encode("idna"))
        connection.set_connect_state()
        return FastObject(self, connection, incoming, outgoing, server_hostname)

    def check_name(self, certificate: x509.Certificate | None, host: str) -> None:
        """SSLCertVerificationError unless `certificate` is for `host` (RFC 6125); known ones cost nothing."""
        assert certificate is not None
        if (host, certificate) not in self._right_names:
            _check_name(certificate, host)
            self._right_names[host, certificate] = True


class FastObject:
    """One connection. Methods and errors are those of `ssl.SSLObject`."""

    def __init__(
        self,
        context: FastContext,
        connection: SSL.Connection,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        host: str,
    ) -> None:
        self._context = context
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing
        self._host = host

    def do_handshake(self) -> None:
        """Go on with the handshake; when it is done, the chain and the host's name were checked."""
        self._take()
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._starved()
        except SSL.Error as error:
            raise self._translated(error) from error
        finally:
            self._give()
        self._context.check_name(self._connection.get_peer_certificate(as_cryptography=True), self._host)

    def write(self, data: bytes) -> int:
        """Encrypt `data`."""
        try:
            return self._connection.send(data)
        except SSL.Error as error:
            raise self._translated(error) from error
        finally:
            self._give()

    def read(self, size: int) -> bytes:
        """Decrypted bytes; none once the server has said that it closes."""
        self._take()
        try:
            return self._connection.recv(size)
        except SSL.ZeroReturnError:
            return b""
        except SSL.WantReadError:
            self._starved()
        except SSL.Error as error:
            raise self._translated(error) from error

    def unwrap(self) -> None:
        """Say that this end closes."""
        try:
            self._connection.shutdown()
        except SSL.Error as error:
            raise self._translated(error) from error
        finally:
            self._give()

    def version(self) -> str:
        """The protocol's version, such as `TLSv1.3`."""
        return self._connection.get_protocol_version_name()

    def get_channel_binding(self, kind: str) -> bytes | None:
        """The client's Finished message: what tls-unique is after a full handshake (RFC 5929 section 3)."""
        assert kind == "tls-unique"
        return self._connection.get_finished()

    def _take(self) -> None:
        if data := self._incoming.read():
            self._connection.bio_write(data)

    def _give(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            self._outgoing.write(self._connection.bio_read(_CHUNK_BYTES))

    def _starved(self) -> NoReturn:
        if self._incoming.eof:
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the server closed the connection")
        raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more bytes are needed")

    def _translated(self, error: SSL.Error) -> ssl.SSLError:
        # There is no public way to ask which check failed, but a callback for each certificate of a chain.
        if code := Binding().lib.SSL_get_verify_result(self._connection._ssl):  # noqa: SLF001
            return _verification_error(code, _words(code))
        if isinstance(error, SSL.SysCallError):
            return ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the server closed the connection")
        reasons = [reason for _, _, reason in (error.args[0] if error.args else ())]
        translated = ssl.SSLError(ssl.SSL_ERROR_SSL, "; ".join(reasons) or "TLS failed")
        translated.reason = reasons[0].upper().replace(" ", "_") if reasons else "TLS_FAILED"
        return translated


def _check_name(certificate: x509.Certificate, host: str) -> None:
    try:
        if _is_address(host):
            verify_certificate_ip_address(certificate, host)
        else:
            verify_certificate_hostname(certificate, host)
    except (VerificationError, ValueError) as error:
        code = _WRONG_ADDRESS if _is_address(host) else _WRONG_NAME
        raise _verification_error(code, f"the server's certificate is not for {host}") from error


def _verification_error(code: int, words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(ssl.SSL_ERROR_SSL, f"certificate verify failed: {words}")
    error.reason, error.verify_code, error.verify_message = "CERTIFICATE_VERIFY_FAILED", code, words
    return error


def _words(code: int) -> str:
    """What the library says of a verification's failure, as Python's `ssl` does."""
    binding = Binding()
    return str(binding.ffi.string(binding.lib.X509_verify_cert_error_string(code)).decode())


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False
