"""TLS on the OpenSSL that `cryptography` brings, in place of the one Python was built with.

A handshake costs a third less there (docs/decisions.md). Contexts are pyOpenSSL's; connections call the
functions that its `Connection` calls, as that class costs an enrollment 0.06 to 0.15 ms more. To
`TlsStream` it is the same as Python's `ssl`, errors included, so that nothing else knows which library it is.

Key exchange is X25519, P-256 or P-384: a post-quantum key share, which the library would send by default,
costs as much again as all of X25519's part, and CAPF's OpenSSL knows none.
"""

import contextlib
import functools
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.bindings.openssl.binding import Binding
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL

from testbed.pki import PrivateKey

_GROUPS = b"X25519:P-256:P-384"
_CHUNK_BYTES = 16_384
_FINISHED_BYTES = 12  # in TLS 1.2, RFC 5246 section 7.4.9
_NAME_MISMATCHES = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_VERSIONS = {ssl.TLSVersion.TLSv1_2: SSL.TLS1_2_VERSION, ssl.TLSVersion.TLSv1_3: SSL.TLS1_3_VERSION}
_BEYOND_PYOPENSSL = (
    "SSL_CTX_get0_param",
    "SSL_CTX_set1_curves_list",
    "SSL_get0_param",
    "SSL_get_verify_result",
    "X509_VERIFY_PARAM_set1_host",
    "X509_VERIFY_PARAM_set1_ip",
    "X509_VERIFY_PARAM_set_hostflags",
)
_lib, _ffi = Binding.lib, Binding.ffi


def available() -> bool:
    """Whether the installed `cryptography` has what pyOpenSSL itself, which comes with it, does not call."""
    return all(hasattr(_lib, name) for name in _BEYOND_PYOPENSSL)


class FastContext:
    """What connections share: trust, versions, identity. Made once, used by any number.

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
        self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # pyOpenSSL has no public way to name several groups, nor the host that a certificate must be for.
        self._pointer: object = self._context._context  # noqa: SLF001
        _lib.SSL_CTX_set1_curves_list(self._pointer, _GROUPS)
        flags = _lib.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | _lib.X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
        _lib.X509_VERIFY_PARAM_set_hostflags(_lib.SSL_CTX_get0_param(self._pointer), flags)

    def use_identity(self, certificate: x509.Certificate, key: PrivateKey) -> None:
        """Show this certificate to a server that asks for one."""
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        self._context.use_certificate(certificate)
        self._context.use_privatekey(key)

    def engine(self, host: str) -> "FastEngine":
        """A client's end of a connection to `host`."""
        return FastEngine(self._pointer, host)


class FastEngine:
    """One connection. OpenSSL itself checks chain and host (RFC 6125, subjectAltName alone) as it goes."""

    __slots__ = ("_eof", "_host", "_incoming", "_outgoing", "_ssl", "_unread")

    def __init__(self, context: object, host: str) -> None:
        self._host = host
        self._unread = self._eof = False
        self._ssl = _ffi.gc(_lib.SSL_new(context), _lib.SSL_free)
        # The connection owns them.
        self._incoming, self._outgoing = _lib.BIO_new(_lib.BIO_s_mem()), _lib.BIO_new(_lib.BIO_s_mem())
        _lib.SSL_set_bio(self._ssl, self._incoming, self._outgoing)
        _lib.SSL_set_connect_state(self._ssl)
        self._expect(*_name_of(host))

    def _expect(self, name: bytes, address: bytes) -> None:
        demands = _lib.SSL_get0_param(self._ssl)
        if address:
            taken = _lib.X509_VERIFY_PARAM_set1_ip(demands, address, len(address))
        else:
            taken = _lib.X509_VERIFY_PARAM_set1_host(demands, name, len(name))
            _lib.SSL_set_tlsext_host_name(self._ssl, name)
        assert taken == 1  # a connection that checks no name must not be had

    def handshake(self) -> bool:
        """Go on with the handshake; True when it is done."""
        if (result := _lib.SSL_do_handshake(self._ssl)) == 1:
            self._unread = _lib.BIO_get_mem_data(self._incoming, _ffi.NULL) > 0
            return True
        self._wait_for_more(_lib.SSL_get_error(self._ssl, result))
        return False

    def take(self, data: bytes) -> None:
        """Bytes from the server; none: it has closed."""
        self._unread, self._eof = True, not data
        _lib.BIO_write(self._incoming, data, len(data))

    def give(self) -> bytes:
        """Bytes for the server."""
        room, data = _ffi.new("char[]", _CHUNK_BYTES), b""
        while (size := _lib.BIO_read(self._outgoing, room, _CHUNK_BYTES)) > 0:
            data += _ffi.buffer(room, size)[:]
            if size < _CHUNK_BYTES:
                break
        return data

    def write(self, data: bytes) -> None:
        """Encrypt `data`."""
        if (result := _lib.SSL_write(self._ssl, data, len(data))) <= 0:
            self._fail(_lib.SSL_get_error(self._ssl, result))

    def read(self) -> bytes | None:
        """Decrypted bytes; none once the server has said that it closes; None: more have to come."""
        if not self._unread:
            return None
        room = _ffi.new("char[]", _CHUNK_BYTES)
        result = _lib.SSL_read(self._ssl, room, _CHUNK_BYTES)
        if result > 0:
            return bytes(_ffi.buffer(room, result))
        if (error := _lib.SSL_get_error(self._ssl, result)) == _lib.SSL_ERROR_ZERO_RETURN:
            return b""
        self._wait_for_more(error)
        self._unread = False
        return None

    def leave(self) -> None:
        """Say that this end closes."""
        if (result := _lib.SSL_shutdown(self._ssl)) < 0:
            self._fail(_lib.SSL_get_error(self._ssl, result))

    def tls_unique(self) -> bytes | None:
        """The client's Finished message, which tls-unique is after a full handshake; None above TLS 1.2."""
        if _ffi.string(_lib.SSL_get_version(self._ssl)) != b"TLSv1.2":
            return None
        room = _ffi.new("char[]", _FINISHED_BYTES)
        return bytes(_ffi.buffer(room, _lib.SSL_get_finished(self._ssl, room, _FINISHED_BYTES)))

    def _wait_for_more(self, error: int) -> None:
        """Returns when more bytes are needed and may come; raises what else it is."""
        if error != _lib.SSL_ERROR_WANT_READ or self._eof:
            self._fail(error)

    def _fail(self, error: int) -> NoReturn:
        reasons = list(_queued_reasons())
        if code := _lib.SSL_get_verify_result(self._ssl):
            wrong_name = code in _NAME_MISMATCHES
            words = f"the server's certificate is not for {self._host}" if wrong_name else _words(code)
            raise _verification_error(code, words)
        if error in (_lib.SSL_ERROR_WANT_READ, _lib.SSL_ERROR_SYSCALL):
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the server closed the connection")
        failed = ssl.SSLError(ssl.SSL_ERROR_SSL, "; ".join(reasons) or "TLS failed")
        failed.reason = reasons[0].upper().replace(" ", "_") if reasons else "TLS_FAILED"
        raise failed


def _queued_reasons() -> Iterator[str]:
    """What the library has noted of errors in this thread, and notes no longer."""
    while code := _lib.ERR_get_error():
        reason = _lib.ERR_reason_error_string(code)
        if reason != _ffi.NULL:
            yield _ffi.string(reason).decode()


def _verification_error(code: int, words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(ssl.SSL_ERROR_SSL, f"certificate verify failed: {words}")
    error.reason, error.verify_code, error.verify_message = "CERTIFICATE_VERIFY_FAILED", code, words
    return error


def _words(code: int) -> str:
    """What the library says of a verification's failure, as Python's `ssl` does."""
    return str(_ffi.string(_lib.X509_verify_cert_error_string(code)).decode())


@functools.lru_cache(maxsize=16)
def _name_of(host: str) -> tuple[bytes, bytes]:
    """The host's name, and its address where it is a literal one, else nothing."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            return b"", socket.inet_pton(family, host)
    return host.encode("idna"), b""
