"""What an EST server shows in its TLS handshake, seen without judging it."""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator

from cryptography import x509
from OpenSSL import SSL

from loadtests.est.client import EstTarget
from loadtests.est.tls_settings import TlsSettings, TlsVersion

_PATIENCE_SECONDS = 10.0
_VERSIONS = {TlsVersion.TLS_1_2: SSL.TLS1_2_VERSION, TlsVersion.TLS_1_3: SSL.TLS1_3_VERSION}


def look_at(target: EstTarget, tls: TlsSettings) -> tuple[list[str], bool]:
    """Address, version, cipher and certificate chain in lines of text, or why not; whether they were seen."""
    try:
        with socket.create_connection((target.host, target.port), _PATIENCE_SECONDS) as plain:
            # pyOpenSSL wants a blocking socket; the kernel's own timer keeps a silent peer from hanging it.
            plain.settimeout(None)
            _bound(plain)
            connection = SSL.Connection(_context(tls), plain)
            if not _is_address(target.host):
                connection.set_tlsext_host_name(target.host.encode("idna"))
            connection.set_connect_state()
            connection.do_handshake()
            return list(_described(connection, plain)), True
    except SSL.Error as error:
        return [f"no handshake: {_reason(error)}"], False
    except OSError as error:
        return [f"no connection to {target.authority}: {error.strerror or error}"], False


def _reason(error: SSL.Error) -> str:
    if isinstance(error, SSL.SysCallError | SSL.WantReadError) or not error.args:
        return "the server closed the connection or stayed silent"
    return "; ".join(reason for _, _, reason in error.args[0])


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False


def _bound(plain: socket.socket) -> None:
    seconds = int(_PATIENCE_SECONDS).to_bytes(8, "little") + bytes(8)
    with contextlib.suppress(OSError):
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)


def _context(tls: TlsSettings) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(_VERSIONS[tls.minimum])
    context.set_max_proto_version(_VERSIONS[tls.maximum])
    context.set_verify(SSL.VERIFY_NONE, lambda *_: True)
    return context


def _described(connection: SSL.Connection, plain: socket.socket) -> Iterator[str]:
    version, cipher = connection.get_protocol_version_name(), connection.get_cipher_name()
    yield f"{plain.getpeername()[0]}: {version}, {cipher}"
    for certificate in connection.get_peer_cert_chain(as_cryptography=True) or ():
        yield _certificate(certificate)
    if wanted := connection.get_client_ca_list():
        yield f"it asks for a client certificate of {len(wanted)} CAs"


def _certificate(certificate: x509.Certificate) -> str:
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    names = ""
    with contextlib.suppress(x509.ExtensionNotFound, ValueError):
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = f" for {', '.join(str(name.value) for name in extension.value)}"
    return f"{subject or 'no subject'}{names}, until {certificate.not_valid_after_utc:%F}, by {issuer}"
