"""The two TLS libraries behind one stream: what a phone sees of a server must not depend on which it is."""

import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from loadtests.est.fast_tls import FastContext, available
from loadtests.est.tls_engine import TlsContext
from loadtests.est.tls_stream import Timers, TlsStream
from testbed import pki
from tests.loadtests.est_server import LabCa, make_ca
from tests.loadtests.peers import tls_peer

Make = Callable[[Path], TlsContext]
LIBRARIES = pytest.mark.parametrize("make", [pki.client_context, FastContext], ids=["ssl", "fast"])
TIMERS = Timers(2, 2, 2)


def converse(context: TlsContext, port: int, host: str = "127.0.0.1", request: bytes = b"hello") -> bytes:
    stream = TlsStream(context, host, TIMERS)
    try:
        stream.connect("127.0.0.1", port)
        stream.handshake()
        stream.send(request)
        answer = b""
        while more := stream.receive():
            answer += more
        return answer
    finally:
        stream.close()


def echo(connection: ssl.SSLSocket, _over: object) -> None:
    connection.sendall(connection.recv(65536))
    connection.unwrap()


@LIBRARIES
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_bytes_go_both_ways_until_the_server_closes(
    lab_ca: LabCa, make: Make, version: ssl.TLSVersion
) -> None:
    server = lab_ca.server_tls
    server.minimum_version = server.maximum_version = version
    with tls_peer(server, echo) as port:
        assert converse(make(lab_ca.trust_anchor), port) == b"hello"


@LIBRARIES
def test_an_answer_of_many_records_arrives_whole(lab_ca: LabCa, make: Make) -> None:
    def answer(connection: ssl.SSLSocket, _over: object) -> None:
        connection.recv(65536)
        connection.sendall(b"x" * 300_000)
        connection.unwrap()

    with tls_peer(lab_ca.server_tls, answer) as port:
        assert converse(make(lab_ca.trust_anchor), port) == b"x" * 300_000


@LIBRARIES
def test_an_unknown_authority_is_refused_with_its_code_and_words(
    lab_ca: LabCa, make: Make, tmp_path: Path
) -> None:
    stranger = make_ca(tmp_path)
    with tls_peer(lab_ca.server_tls, echo) as port, pytest.raises(ssl.SSLCertVerificationError) as refused:
        converse(make(stranger.trust_anchor), port)
    assert refused.value.verify_code in {18, 19, 20, 7}
    assert refused.value.verify_message


def server_for(lab_ca: LabCa, host: str, directory: Path, valid: bool = True) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    when = dt.datetime.now(dt.UTC) - dt.timedelta(days=0 if valid else 20_000)
    certificate = pki.make_server_certificate(key, host, lab_ca.key, lab_ca.certificate, when)
    return pki.server_context(pki.write_identity(directory, "other", key, certificate))


@LIBRARIES
@pytest.mark.parametrize(
    ("named", "host", "code"),
    [
        ("est.example.com", "ces.example.com", 62),
        ("est.example.com", "127.0.0.3", 64),
        ("127.0.0.2", "127.0.0.3", 64),
    ],
)
def test_a_certificate_of_another_host_is_refused(
    lab_ca: LabCa, make: Make, tmp_path: Path, named: str, host: str, code: int
) -> None:
    server = server_for(lab_ca, named, tmp_path)
    with tls_peer(server, echo) as port, pytest.raises(ssl.SSLCertVerificationError) as refused:
        converse(make(lab_ca.trust_anchor), port, host)
    assert refused.value.verify_code == code


@LIBRARIES
def test_a_certificate_of_the_host_is_taken_by_name(lab_ca: LabCa, make: Make, tmp_path: Path) -> None:
    with tls_peer(server_for(lab_ca, "est.example.com", tmp_path), echo) as port:
        assert converse(make(lab_ca.trust_anchor), port, "est.example.com") == b"hello"


@LIBRARIES
def test_an_expired_certificate_is_refused(lab_ca: LabCa, make: Make, tmp_path: Path) -> None:
    server = server_for(lab_ca, "127.0.0.1", tmp_path, valid=False)
    with tls_peer(server, echo) as port, pytest.raises(ssl.SSLCertVerificationError) as refused:
        converse(make(lab_ca.trust_anchor), port)
    assert refused.value.verify_message == "certificate has expired"


@LIBRARIES
def test_a_server_that_drops_the_connection_is_an_eof(lab_ca: LabCa, make: Make) -> None:
    def drop(connection: ssl.SSLSocket, _over: object) -> None:
        connection.recv(65536)

    with tls_peer(lab_ca.server_tls, drop) as port, pytest.raises(ssl.SSLEOFError):
        converse(make(lab_ca.trust_anchor), port)


def test_the_fast_library_shows_a_client_certificate(lab_ca: LabCa) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "SEP020000000001")])
    certificate = lab_ca.issue(name, key.public_key())
    server = lab_ca.server_tls
    server.load_verify_locations(lab_ca.trust_anchor)
    server.verify_mode = ssl.CERT_REQUIRED
    shown = []

    def look(connection: ssl.SSLSocket, _over: object) -> None:
        shown.append(connection.getpeercert(binary_form=True))
        echo(connection, _over)

    context = FastContext(lab_ca.trust_anchor)
    context.use_identity(certificate, key)
    with tls_peer(server, look) as port:
        assert converse(context, port) == b"hello"
    assert shown[0] is not None
    assert x509.load_der_x509_certificate(shown[0]) == certificate


def test_the_fast_librarys_tls_unique_is_the_servers(lab_ca: LabCa) -> None:
    server = lab_ca.server_tls
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    seen = []

    def bind(connection: ssl.SSLSocket, _over: object) -> None:
        seen.append(connection.get_channel_binding("tls-unique"))
        connection.recv(65536)

    with tls_peer(server, bind) as port:
        stream = TlsStream(FastContext(lab_ca.trust_anchor), "127.0.0.1", TIMERS)
        stream.connect("127.0.0.1", port)
        stream.handshake()
        unique = stream.tls_unique()
        stream.send(b"x")
        stream.close()
    assert unique is not None
    assert [unique] == seen


def test_the_installed_cryptography_has_what_the_fast_library_calls() -> None:
    assert available()


def test_a_server_that_hangs_up_in_the_handshake_is_an_eof(lab_ca: LabCa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = TlsStream(FastContext(lab_ca.trust_anchor), "127.0.0.1", TIMERS)
        stream.connect("127.0.0.1", listener.getsockname()[1])
        listener.accept()[0].close()
        with contextlib.closing(stream), pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            stream.handshake()
