"""What an EST server shows in its TLS handshake, seen without judging it."""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from OpenSSL import SSL

from loadtests.est.client import EstTarget
from loadtests.est.tls_settings import TlsSettings, TlsVersion

_PATIENCE_SECONDS = 10.0
_VERSIONS = {TlsVersion.TLS_1_2: SSL.TLS1_2_VERSION, TlsVersion.TLS_1_3: SSL.TLS1_3_VERSION}


@dataclass(frozen=True, slots=True)
class Sight:
    """A handshake: the address, version and cipher, the server's certificates, its own first.

    `wanted_cas` is of how many CAs it asks for a client certificate, `failure` why there was no handshake.
    """

    address: str = ""
    version: str = ""
    cipher: str = ""
    chain: tuple[x509.Certificate, ...] = ()
    wanted_cas: int = 0
    failure: str = ""


def see(target: EstTarget, tls: TlsSettings, patience_seconds: float = _PATIENCE_SECONDS) -> Sight:
    """One handshake with the server, whatever its certificate; never raises."""
    try:
        with socket.create_connection((target.host, target.port), patience_seconds) as plain:
            # pyOpenSSL wants a blocking socket; the kernel's own timer keeps a silent peer from hanging it.
            plain.settimeout(None)
            _bound(plain, patience_seconds)
            connection = SSL.Connection(_context(tls), plain)
            if not _is_address(target.host):
                connection.set_tlsext_host_name(target.host.encode("idna"))
            connection.set_connect_state()
            connection.do_handshake()
            return _seen(connection, plain)
    except SSL.Error as error:
        return Sight(failure=f"no handshake: {_reason(error)}")
    except OSError as error:
        return Sight(failure=f"no connection to {target.authority}: {error.strerror or error}")


def look_at(target: EstTarget, tls: TlsSettings) -> tuple[list[str], bool]:
    """Address, version, cipher and certificate chain in lines of text, or why not; whether they were seen."""
    sight = see(target, tls)
    return ([sight.failure], False) if sight.failure else (list(_described(sight)), True)


def _reason(error: SSL.Error) -> str:
    if isinstance(error, SSL.SysCallError | SSL.WantReadError) or not error.args:
        return "the server closed the connection or stayed silent"
    return "; ".join(reason for _, _, reason in error.args[0])


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False


def _bound(plain: socket.socket, seconds: float) -> None:
    whole, microseconds = divmod(int(seconds * 1_000_000), 1_000_000)
    patience = whole.to_bytes(8, "little") + microseconds.to_bytes(8, "little")
    with contextlib.suppress(OSError):
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)


def _context(tls: TlsSettings) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(_VERSIONS[tls.minimum])
    context.set_max_proto_version(_VERSIONS[tls.maximum])
    context.set_verify(SSL.VERIFY_NONE, lambda *_: True)
    return context


def _seen(connection: SSL.Connection, plain: socket.socket) -> Sight:
    return Sight(
        plain.getpeername()[0],
        connection.get_protocol_version_name(),
        connection.get_cipher_name() or "",
        tuple(connection.get_peer_cert_chain(as_cryptography=True) or ()),
        len(connection.get_client_ca_list()),
    )


def _described(sight: Sight) -> Iterator[str]:
    yield f"{sight.address}: {sight.version}, {sight.cipher}"
    for certificate in sight.chain:
        yield _certificate(certificate)
    if sight.wanted_cas:
        yield f"it asks for a client certificate of {sight.wanted_cas} CAs"


def _certificate(certificate: x509.Certificate) -> str:
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    names = ""
    with contextlib.suppress(x509.ExtensionNotFound, ValueError):
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = f" for {', '.join(str(name.value) for name in extension.value)}"
    return f"{subject or 'no subject'}{names}, until {certificate.not_valid_after_utc:%F}, by {issuer}"
