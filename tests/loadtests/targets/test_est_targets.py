"""Servers that want more than a password: Digest, client certificates, TLS versions, proof of possession."""

import base64
import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import AttributeOID, NameOID

from loadtests.errors import ScenarioError
from loadtests.est.authentication import AuthScheme, Credentials, read_challenges
from loadtests.est.client import EstClient, EstOperation, EstTarget, Exchange
from loadtests.est.reply import Profile
from loadtests.est.tls_choice import context_for
from loadtests.est.tls_settings import ClientIdentity, TlsSettings, TlsVersion
from loadtests.phones.keys import generate
from loadtests.phones.phone import Phone
from loadtests.scenario import KeyType
from loadtests.storm.generator_settings import TlsLibrary
from testbed import pki
from testbed.est_errors import EstError
from testbed.web.messages import Request, Response
from tests.loadtests.est_server import ENROLL_TYPE, EstServer, LabCa, running_est_server
from tests.loadtests.peers import tcp_peer

PHONE = Phone(0, "SEP020000000001", generate(KeyType.P_256))
DIGEST = 'Digest realm="est", nonce="4711", qop="auth", algorithm={}'


def client_of(server: EstServer, tls: TlsSettings | None = None, **options: object) -> EstClient:
    settings = tls or TlsSettings(server.ca.trust_anchor)
    return EstClient(EstTarget("127.0.0.1", server.port), settings.context(), **options)  # type: ignore[arg-type]


def enroll(server: EstServer, tls: TlsSettings | None = None, **options: object) -> Exchange:
    return client_of(server, tls, **options).enroll(EstOperation.SIMPLEENROLL, PHONE.csr_der())


def guarded_by_digest(server: EstServer, algorithm: str) -> None:
    """Let `server` ask for a digest of capf:secret and check it as RFC 7616 says."""
    hash_of = hashlib.md5 if algorithm == "MD5" else hashlib.sha256

    def h(text: str) -> str:
        return hash_of(text.encode()).hexdigest()

    def respond(request: Request) -> Response:
        given = read_challenges([request.headers.get("authorization") or ""])
        if given and given[0].scheme == "digest":
            said = given[0].parameters
            secret, what = h("capf:est:secret"), h(f"{request.method}:{request.target}")
            middle = f"4711:{said['nc']}:{said['cnonce']}:auth"
            if said["response"] == h(f"{secret}:{middle}:{what}"):
                return server.est(request)
        return Response(401, (("WWW-Authenticate", DIGEST.format(algorithm)),), b"Error 401: no")

    server.handle = respond


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("profile", list(Profile))
def test_a_digest_is_given_when_it_is_asked_for(
    est_server: EstServer, algorithm: str, profile: Profile
) -> None:
    guarded_by_digest(est_server, algorithm)
    credentials = Credentials("capf", "secret", AuthScheme.DIGEST)
    exchange = enroll(est_server, credentials=credentials, profile=profile)
    assert exchange.reply.http_status == 200
    assert exchange.reply.failure is None
    assert [request.headers.get("authorization") is None for request in est_server.requests] == [True, False]


def test_a_wrong_password_ends_after_one_answer_to_the_challenge(est_server: EstServer) -> None:
    guarded_by_digest(est_server, "SHA-256")
    exchange = enroll(est_server, credentials=Credentials("capf", "wrong", AuthScheme.DIGEST))
    assert exchange.reply.failure is not None
    assert exchange.reply.failure.error is EstError.AUTH_FAIL
    assert len(est_server.requests) == 2


def test_a_digest_user_never_shows_the_password_to_a_server_that_offers_basic(est_server: EstServer) -> None:
    est_server.handle = lambda _: Response(401, (("WWW-Authenticate", 'Basic realm="x"'),))
    exchange = enroll(est_server, credentials=Credentials("capf", "secret", AuthScheme.DIGEST))
    assert "Basic" in str(exchange.reply.failure)
    assert [request.headers.get("authorization") for request in est_server.requests] == [None]


@pytest.fixture
def wants_certificates(lab_ca: LabCa) -> ssl.SSLContext:
    context = lab_ca.server_tls
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(lab_ca.trust_anchor)
    return context


def issued(ca: LabCa, name: str) -> ClientIdentity:
    key = generate(KeyType.P_256)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return ClientIdentity(ca.issue(subject, key.public_key()), key)


def subject_seen(server: EstServer) -> str:
    der = server.peers[-1].certificate_der()
    assert der is not None
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


def test_a_client_certificate_from_files_is_shown(
    lab_ca: LabCa, wants_certificates: ssl.SSLContext, tmp_path: Path
) -> None:
    identity = issued(lab_ca, "capf")
    files = pki.write_identity(tmp_path, "capf", identity.key, identity.certificate)
    tls = TlsSettings(lab_ca.trust_anchor, files.certificate_path, files.key_path)
    with running_est_server(lab_ca, wants_certificates) as server:
        assert enroll(server, tls).reply.failure is None
        assert subject_seen(server) == "CN=capf"


def test_a_renewing_phone_shows_its_own_lsc(lab_ca: LabCa, wants_certificates: ssl.SSLContext) -> None:
    settings = TlsSettings(lab_ca.trust_anchor)
    with running_est_server(lab_ca, wants_certificates) as server:
        client = client_of(server)
        for name in ("SEP020000000001", "SEP020000000002"):
            own = settings.context(issued(lab_ca, name))
            reply = client.enroll(EstOperation.SIMPLEREENROLL, PHONE.csr_der(), own).reply
            assert reply.failure is None
            assert subject_seen(server) == f"CN={name}"


def test_a_client_without_the_certificate_that_is_wanted_gets_no_answer(
    lab_ca: LabCa, wants_certificates: ssl.SSLContext
) -> None:
    with running_est_server(lab_ca, wants_certificates) as server:
        failure = enroll(server).reply.failure
    assert failure is not None
    assert failure.error in (EstError.SSL_READ, EstError.SSL_CONNECT)
    assert server.requests == []


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_a_certificate_file_that_cannot_be_used_is_named(lab_ca: LabCa, tmp_path: Path, missing: str) -> None:
    identity = issued(lab_ca, "capf")
    files = pki.write_identity(tmp_path, "capf", identity.key, identity.certificate)
    (files.certificate_path if missing == "certificate" else files.key_path).write_text("nothing")
    tls = TlsSettings(lab_ca.trust_anchor, files.certificate_path, files.key_path)
    with pytest.raises(ScenarioError, match=str(files.certificate_path)):
        tls.context()


def test_a_key_without_its_certificate_is_refused(lab_ca: LabCa) -> None:
    with pytest.raises(ScenarioError, match="--client-certificate"):
        TlsSettings(lab_ca.trust_anchor, key=Path("k.pem")).context()


@pytest.mark.parametrize("version", list(TlsVersion))
def test_the_version_of_tls_is_the_one_allowed(est_server: EstServer, version: TlsVersion) -> None:
    tls = TlsSettings(est_server.ca.trust_anchor, minimum=version, maximum=version)
    assert enroll(est_server, tls).reply.failure is None
    session = est_server.peers[-1].tls
    assert session is not None
    assert session.version() == f"TLSv{version}"


def test_no_version_in_common_is_ssl_connect(lab_ca: LabCa) -> None:
    context = lab_ca.server_tls
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with running_est_server(lab_ca, context) as server:
        tls = TlsSettings(lab_ca.trust_anchor, minimum=TlsVersion.TLS_1_3)
        failure = enroll(server, tls).reply.failure
    assert failure is not None
    assert failure.error is EstError.SSL_CONNECT


def test_versions_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"1\.3 or newer and 1\.2 or older"):
        TlsSettings(None, minimum=TlsVersion.TLS_1_3, maximum=TlsVersion.TLS_1_2).context()


def challenge_password(request: Request) -> str:
    csr = x509.load_der_x509_csr(base64.b64decode(request.body))
    assert csr.is_signature_valid
    return csr.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value.decode("ascii")


def test_a_request_is_bound_to_its_tls_session(est_server: EstServer) -> None:
    tls = TlsSettings(est_server.ca.trust_anchor, maximum=TlsVersion.TLS_1_2)
    seen: list[tuple[str, bytes | None]] = []

    def check(request: Request) -> Response:
        seen.append((challenge_password(request), est_server.peers[-1].tls_unique()))
        return est_server.est(request)

    est_server.handle = check
    exchange = client_of(est_server, tls).enroll(EstOperation.SIMPLEENROLL, PHONE.csr_der)
    assert exchange.reply.failure is None
    ((password, unique),) = seen
    assert unique is not None
    assert password == base64.b64encode(unique).decode("ascii")
    assert len(password) == 16


def test_each_connection_of_a_challenged_enrollment_has_its_own_binding(est_server: EstServer) -> None:
    guarded_by_digest(est_server, "SHA-256")
    tls = TlsSettings(est_server.ca.trust_anchor, maximum=TlsVersion.TLS_1_2)
    client = client_of(est_server, tls, credentials=Credentials("capf", "secret", AuthScheme.DIGEST))
    assert client.enroll(EstOperation.SIMPLEENROLL, PHONE.csr_der).reply.failure is None
    bindings = {challenge_password(request) for request in est_server.requests}
    uniques = {base64.b64encode(peer.tls_unique() or b"").decode("ascii") for peer in est_server.peers}
    assert len(bindings) == 2
    assert bindings == uniques


def test_tls_1_3_cannot_bind_and_nothing_is_sent(est_server: EstServer) -> None:
    tls = TlsSettings(est_server.ca.trust_anchor, minimum=TlsVersion.TLS_1_3)
    exchange = client_of(est_server, tls).enroll(EstOperation.SIMPLEENROLL, PHONE.csr_der)
    assert exchange.reply.failure is not None
    assert exchange.reply.failure.error is EstError.AUTH_FAIL_TLSUID
    assert est_server.requests == []


def test_a_server_that_keeps_its_connection_open_does_not_hold_up_the_rfc_profile(
    est_server: EstServer,
) -> None:
    def chunked_answer(request: Request) -> Response:
        good = est_server.est(request)
        return Response(200, (("content-type", ENROLL_TYPE.partition(";")[0]),), good.body)

    est_server.handle = chunked_answer
    assert enroll(est_server, profile=Profile.RFC).reply.failure is None
    refused = enroll(est_server).reply.failure
    assert refused is not None
    assert refused.error is EstError.HTTP_UNSUPPORTED


def fast(server: EstServer, tls: TlsSettings, identity: ClientIdentity | None = None) -> EstClient:
    """The client that storms have: its TLS is that of another library."""
    context = context_for(tls, TlsLibrary.FAST, identity)
    return EstClient(EstTarget("127.0.0.1", server.port), context)


def test_a_request_over_the_fast_library_is_bound_to_its_session_too(est_server: EstServer) -> None:
    client = fast(est_server, TlsSettings(est_server.ca.trust_anchor, maximum=TlsVersion.TLS_1_2))
    assert client.enroll(EstOperation.SIMPLEENROLL, PHONE.csr_der).reply.failure is None
    unique = est_server.peers[-1].tls_unique()
    assert unique is not None
    assert challenge_password(est_server.requests[-1]) == base64.b64encode(unique).decode("ascii")


def test_an_lsc_is_shown_over_the_fast_library_too(lab_ca: LabCa, wants_certificates: ssl.SSLContext) -> None:
    with running_est_server(lab_ca, wants_certificates) as server:
        client = fast(server, TlsSettings(lab_ca.trust_anchor), issued(lab_ca, "SEP020000000001"))
        assert client.enroll(EstOperation.SIMPLEREENROLL, PHONE.csr_der()).reply.failure is None
        assert subject_seen(server) == "CN=SEP020000000001"


def test_a_hang_up_in_the_handshake_is_ssl_connect_with_either_library(lab_ca: LabCa) -> None:
    for library in TlsLibrary:
        with tcp_peer(lambda connection, _: connection.recv(1)) as port:
            client = EstClient(
                EstTarget("127.0.0.1", port), context_for(TlsSettings(lab_ca.trust_anchor), library)
            )
            failure = client.enroll(EstOperation.SIMPLEENROLL, PHONE.csr_der()).reply.failure
        assert failure is not None
        assert failure.error is EstError.SSL_CONNECT
