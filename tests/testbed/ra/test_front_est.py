"""The whole of EST against the running RA: every operation, way to log in, and profile."""

import asyncio
import base64
import contextlib
import datetime as dt
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TypeVar

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs7
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID

from testbed.pki import write_identity
from testbed.ra.certificates import base64_lines
from testbed.ra.digest import parse
from testbed.ra.est_settings import CsrAttribute, DigestSettings, EstLimits, EstSettings, PendingSettings
from testbed.ra.possession import CMC_RA
from testbed.web.client import HttpConnection
from testbed.web.messages import Header, Reply, Request, Response
from tests.testbed.ra.conftest import ACCOUNT_PASSWORD, EST_PASSWORD, EstClient, RunningRa
from tests.testbed.ra.est_requests import EST, GOOD, PKCS10, always, basic, metrics
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa

T = TypeVar("T")
Scenario = Callable[[EstClient], Awaitable[T]]
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SEP74A02FC0A675")])


def with_ra(running_ra: RunningRa, scenario: Scenario[T], **est: object) -> T:
    async def run() -> T:
        async with running_ra(est=EstSettings(**est)) as client:  # type: ignore[arg-type]
            return await scenario(client)

    return uvloop.run(run())


def certificates(body: bytes) -> list[x509.Certificate]:
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))


def request_lines(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name = NAME, proof: bytes | None = None
) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if proof is not None:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, proof)
    return base64_lines(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


@contextlib.asynccontextmanager
async def connected(client: EstClient) -> AsyncIterator[HttpConnection]:
    connection = HttpConnection(client.origin, client.context)
    await connection.open()
    try:
        yield connection
    finally:
        connection.close()


def post(body: bytes, *headers: Header) -> tuple[Header, ...]:
    return ("Host", "ra"), PKCS10, ("Content-Length", str(len(body))), *headers


def show_certificate(
    client: EstClient, ca: ScriptedCa, directory: Path, *, registrar: bool = False, name: x509.Name = NAME
) -> None:
    """Let the client's TLS show a certificate of the lab's CA."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([CMC_RA] if registrar else [])]
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(ca.root.subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False).sign(ca.key, hashes.SHA256())
    )  # fmt: skip
    identity = write_identity(directory, "client", key, certificate)
    client.context.load_cert_chain(identity.certificate_path, identity.key_path)


def nginx_log(directory: Path) -> str:
    return "\n".join(path.read_text() for path in directory.glob("nginx_error.log"))


# -- csrattrs, base64 ----------------------------------------------------------------------------------


def test_csrattrs_lists_what_is_configured(running_ra: RunningRa) -> None:
    async def ask(client: EstClient) -> Reply:
        return await client.send("GET", EST + "csrattrs")

    reply = with_ra(running_ra, ask, attributes=(CsrAttribute("1.2.840.113549.1.9.7"),))
    assert (reply.status, reply.headers.get("content-type")) == (200, "application/csrattrs")
    assert reply.body == base64.b64encode(bytes.fromhex("300b06092a864886f70d010907")) + b"\0"


def test_a_request_without_a_required_attribute_is_400(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def enroll(client: EstClient) -> Reply:
        return await client.enroll(csr_lines, GOOD)

    wanted = (CsrAttribute("1.2.840.113549.1.9.7"),)
    reply = with_ra(running_ra, enroll, attributes=wanted, attributes_required=True)
    assert reply.status == 400
    assert "Enrollment failed with rc=58 (EST_ERR_CSR_ATTR_MISSING)" in nginx_log(tmp_path)


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 400),
        ({"base64_lines": "optional"}, 200),
        ({"profile": "rfc"}, 200),
        ({"profile": "rfc", "base64_lines": "required"}, 400),
    ],
)
def test_base64_in_one_line_is_refused_as_libest_does_unless_configured(
    running_ra: RunningRa, csr: x509.CertificateSigningRequest, settings: dict[str, str], status: int
) -> None:
    one_line = base64.b64encode(csr.public_bytes(Encoding.DER))

    async def enroll(client: EstClient) -> Reply:
        return await client.enroll(one_line, GOOD)

    assert with_ra(running_ra, enroll, **settings).status == status


@pytest.mark.parametrize(("profile", "status"), [("libest", 200), ("rfc", 400)])
def test_pem_armour_is_libests_tolerance(
    running_ra: RunningRa, csr: x509.CertificateSigningRequest, profile: str, status: int
) -> None:
    async def enroll(client: EstClient) -> Reply:
        return await client.enroll(csr.public_bytes(Encoding.PEM), GOOD)

    assert with_ra(running_ra, enroll, profile=profile).status == status


def test_answers_in_one_line_are_a_setting(running_ra: RunningRa, csr_lines: bytes) -> None:
    async def enroll(client: EstClient) -> Reply:
        return await client.enroll(csr_lines, GOOD)

    reply = with_ra(running_ra, enroll, base64_columns=0)
    assert b"\n" not in reply.body
    assert len(certificates(reply.body)) == 1


@pytest.mark.parametrize(("size", "status"), [(500, 400), (501, 413)])
def test_sizes_are_settings(running_ra: RunningRa, size: int, status: int) -> None:
    async def enroll(client: EstClient) -> Reply:
        return await client.enroll(b"A" * (size - 1) + b"\n", GOOD)

    assert with_ra(running_ra, enroll, limits=EstLimits(body_bytes=500)).status == status


def test_the_rfc_profile_takes_chunks(running_ra: RunningRa, csr_lines: bytes) -> None:
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(csr_lines), csr_lines)

    async def enroll(client: EstClient) -> Reply:
        coding = ("Transfer-Encoding", "chunked")
        return await client.send("POST", EST + "simpleenroll", (PKCS10, coding, GOOD), chunked)

    assert with_ra(running_ra, enroll, profile="rfc").status == 200


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404), ("GET", EST + "unknown", 404), ("GET", EST + "a/b/cacerts", 404),
        ("GET", EST + "simpleenroll", 405), ("POST", EST + "cacerts", 405),
        ("GET", EST + "label/cacerts", 200), ("POST", EST + "simpleenroll", 415),
    ],
)  # fmt: skip
def test_the_rfc_profile_has_http_s_own_statuses(
    running_ra: RunningRa, method: str, target: str, status: int
) -> None:
    async def ask(client: EstClient) -> Reply:
        return await client.send(method, target, (("Content-Length", "0"),))

    assert with_ra(running_ra, ask, profile="rfc").status == status


# -- serverkeygen --------------------------------------------------------------------------------------


def key_and_certificate(reply: Reply) -> tuple[object, x509.Certificate]:
    kind = reply.headers.get("content-type") or ""
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + reply.body, policy=default)
    key, certificate = message.iter_parts()
    assert key["content-type"] == "application/pkcs8"
    [issued] = pkcs7.load_der_pkcs7_certificates(certificate.get_content())
    return load_der_private_key(key.get_content(), None), issued


@pytest.mark.parametrize(("kind", "expected"), [("p-256", 256), ("rsa-2048", 2048)])
def test_serverkeygen_gives_a_key_and_its_certificate(
    running_ra: RunningRa, ca: ScriptedCa, csr: x509.CertificateSigningRequest, kind: str, expected: int
) -> None:
    broken = bytearray(csr.public_bytes(Encoding.DER))
    broken[-1] ^= 1  # RFC 7030 section 4.4.1: the server must ignore the signature

    async def generate(client: EstClient) -> Reply:
        return await client.enroll(base64_lines(bytes(broken)), GOOD, operation="serverkeygen")

    reply = with_ra(running_ra, generate, server_key=kind)
    assert reply.status == 200
    key, certificate = key_and_certificate(reply)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    assert (key.key_size, key.public_key()) == (expected, certificate.public_key())
    assert certificate == ca.issued[10]
    assert certificate.subject == csr.subject
    assert certificate.public_key() != csr.public_key()


def test_a_key_that_should_be_encrypted_is_refused(
    running_ra: RunningRa, phone_key: ec.EllipticCurvePrivateKey, ca: ScriptedCa
) -> None:
    asymmetric = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.54")
    builder = x509.CertificateSigningRequestBuilder().subject_name(NAME).add_attribute(asymmetric, b"key")
    lines = base64_lines(builder.sign(phone_key, hashes.SHA256()).public_bytes(Encoding.DER))

    async def generate(client: EstClient) -> Reply:
        return await client.enroll(lines, GOOD, operation="serverkeygen")

    assert with_ra(running_ra, generate).status == 400
    assert not ca.issued


# -- logging in ----------------------------------------------------------------------------------------


def digest_answer(
    challenge: str, target: str, password: str = EST_PASSWORD, count: str = "00000001"
) -> Header:
    asked = parse(challenge)
    name = asked.get("algorithm", "MD5")

    def digest(text: str) -> str:
        return hashlib.new(name.replace("-", "").lower(), text.encode()).hexdigest()

    secret = digest(f"capf:{asked['realm']}:{password}")
    proof = digest(f"{secret}:{asked['nonce']}:{count}:c0ffee:auth:{digest('POST:' + target)}")
    fields = (
        f'username="capf", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{target}", qop=auth, '
        f'nc={count}, cnonce="c0ffee", algorithm={name}, response="{proof}"'
    )
    return ("Authorization", "Digest " + fields)


@pytest.mark.parametrize("algorithm", ["md5", "sha-256"])
def test_digest_enrolls_once_for_each_count(
    running_ra: RunningRa, csr_lines: bytes, algorithm: str, tmp_path: Path
) -> None:
    target = EST + "simpleenroll"

    async def enroll(client: EstClient) -> list[Reply]:
        challenge = (await client.enroll(csr_lines)).headers.get("www-authenticate") or ""
        headers = [
            digest_answer(challenge, target, "wrong"), digest_answer(challenge, target),
            digest_answer(challenge, target), digest_answer(challenge, target, count="00000002"),
        ]  # fmt: skip
        return [await client.enroll(csr_lines, header) for header in headers]

    only = DigestSettings(algorithms=(algorithm,))  # type: ignore[arg-type]
    replies = with_ra(running_ra, enroll, authentication="digest", digest=only)
    assert [reply.status for reply in replies] == [401, 200, 401, 200]
    assert "stale=true" in (replies[2].headers.get("www-authenticate") or "")
    assert "HTTP authentication failed. Auth type=2" in nginx_log(tmp_path)


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [
        ("basic", (401, 401)),
        ("certificate", (401, 200)),
        ("certificate_or_basic", (401, 200)),
        ("certificate_and_basic", (401, 401)),
    ],
)
def test_a_client_certificate_enrolls_where_it_suffices(
    running_ra: RunningRa,
    ca: ScriptedCa,
    csr_lines: bytes,
    tmp_path: Path,
    mode: str,
    statuses: tuple[int, int],
) -> None:
    async def enroll(client: EstClient) -> tuple[int, int]:
        without = await client.enroll(csr_lines)
        show_certificate(client, ca, tmp_path)
        return without.status, (await client.enroll(csr_lines)).status

    assert with_ra(running_ra, enroll, authentication=mode) == statuses


def test_certificate_and_password_together_enroll(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def enroll(client: EstClient) -> list[int]:
        password_alone = await client.enroll(csr_lines, GOOD)
        show_certificate(client, ca, tmp_path)
        both, wrong = [await client.enroll(csr_lines, h) for h in (GOOD, basic("capf", "wrong"))]
        return [password_alone.status, both.status, wrong.status]

    assert with_ra(running_ra, enroll, authentication="certificate_and_basic") == [401, 200, 401]


def test_a_phone_renews_with_its_lsc_alone(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def renew(client: EstClient) -> list[int]:
        show_certificate(client, ca, tmp_path)
        replies = [
            await client.enroll(csr_lines, operation=name) for name in ("simpleenroll", "simplereenroll")
        ]
        return [reply.status for reply in replies]

    assert with_ra(running_ra, renew) == [401, 200]
    assert "TLS: peer certificate /CN=SEP74A02FC0A675 accepted" in nginx_log(tmp_path)


def test_a_certificate_of_a_stranger_ends_the_handshake(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def enroll(client: EstClient) -> None:
        key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
            .serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        identity = write_identity(tmp_path, "stranger", key, certificate)
        client.context.load_cert_chain(identity.certificate_path, identity.key_path)
        with pytest.raises(OSError):  # noqa: PT011 - an alert or a closed connection, whichever comes first
            await client.enroll(csr_lines, GOOD)

    with_ra(running_ra, enroll)


@pytest.mark.parametrize(("profile", "status"), [("libest", 200), ("rfc", 403)])
def test_the_rfc_profile_renews_for_the_same_subject_only(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path, profile: str, status: int
) -> None:
    other = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SEP000000000001")])

    async def renew(client: EstClient) -> list[int]:
        show_certificate(client, ca, tmp_path, name=other)
        changed = await client.enroll(csr_lines, operation="simplereenroll")
        show_certificate(client, ca, tmp_path / "same")
        return [changed.status, (await client.enroll(csr_lines, operation="simplereenroll")).status]

    (tmp_path / "same").mkdir()
    settings = {"profile": profile, "authentication": "certificate_or_basic"}
    assert with_ra(running_ra, renew, **settings) == [status, 200]


# -- proof of possession -------------------------------------------------------------------------------


async def prove(client: EstClient, key: ec.EllipticCurvePrivateKey, proof: bytes | None = None) -> Reply:
    """Enroll with tls-unique of the very connection as proof, or with another."""
    async with connected(client) as connection:
        tls = connection._transport.get_extra_info("ssl_object")  # type: ignore[union-attr]
        binding = base64.b64encode(tls.get_channel_binding("tls-unique"))
        body = request_lines(key, proof=proof or binding)
        return await connection.send("POST", EST + "simpleenroll", post(body, GOOD), body)


@pytest.mark.parametrize("proof_of_possession", ["off", "on"])
def test_tls_unique_of_the_connection_is_the_proof(
    running_ra: RunningRa, phone_key: ec.EllipticCurvePrivateKey, proof_of_possession: str
) -> None:
    async def enroll(client: EstClient) -> list[Reply]:
        return [await prove(client, phone_key), await prove(client, phone_key, b"of another one")]

    good, wrong = with_ra(running_ra, enroll, proof_of_possession=proof_of_possession)
    assert (good.status, wrong.status) == (200, 401)
    assert wrong.body == b"Error 401: Unauthorized\nProof of Possession Mismatch.\n"


def test_a_resumed_session_has_a_proof_of_its_own(
    running_ra: RunningRa, phone_key: ec.EllipticCurvePrivateKey
) -> None:
    def resumed(client: EstClient) -> int:
        session, status = None, 0
        for _ in range(2):
            with (
                contextlib.closing(_tcp(client)) as tcp,
                client.context.wrap_socket(tcp, server_hostname="127.0.0.1", session=session) as tls,
            ):
                assert tls.session_reused is (session is not None)
                session = tls.session
                binding = base64.b64encode(tls.get_channel_binding("tls-unique") or b"")
                body = request_lines(phone_key, proof=binding)
                lines = [f"POST {EST}simpleenroll HTTP/1.1", *(f"{n}: {v}" for n, v in post(body, GOOD))]
                tls.sendall("\r\n".join([*lines, "Connection: close\r\n\r\n"]).encode() + body)
                status = int(tls.recv(15)[9:12])
        return status

    async def enroll(client: EstClient) -> int:
        return await asyncio.to_thread(resumed, client)

    assert with_ra(running_ra, enroll, proof_of_possession="on") == 200


def _tcp(client: EstClient) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.origin.port), timeout=10)


def test_no_proof_is_401_where_one_is_required(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def enroll(client: EstClient) -> Reply:
        return await client.enroll(csr_lines, GOOD)

    assert with_ra(running_ra, enroll, proof_of_possession="on").status == 401
    assert "Enrollment failed with rc=23 (EST_ERR_AUTH_FAIL_TLSUID)" in nginx_log(tmp_path)


def test_a_registration_authority_needs_no_proof(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def enroll(client: EstClient) -> Reply:
        show_certificate(client, ca, tmp_path, registrar=True)
        return await client.enroll(csr_lines, GOOD)

    assert with_ra(running_ra, enroll, proof_of_possession="on").status == 200


def test_no_proof_holds_on_tls_1_3(running_ra: RunningRa, phone_key: ec.EllipticCurvePrivateKey) -> None:
    async def enroll(client: EstClient) -> Reply:
        client.context.minimum_version = ssl.TLSVersion.TLSv1_3
        return await prove(client, phone_key)

    assert with_ra(running_ra, enroll, profile="rfc").status == 401


# -- pending -------------------------------------------------------------------------------------------


class Manager:
    """The CA's manager decides: every submission waits until `approved`."""

    def __init__(self, ca: ScriptedCa) -> None:
        self._ca, self.approved, self.submitted = ca, False, 0
        self.bodies: list[Request] = []
        ca.answers["/certsrv/certfnsh.asp"] = self.submit
        ca.answers["/certsrv/certnew.cer"] = self.download

    async def submit(self, request: Request) -> Response:
        self.submitted += 1
        await self._ca.usual(request)  # so that there is something to hand out later
        number = max(self._ca.issued)
        return Response(200, PAGE, b"Certificate Pending ... Your Request Id is %d." % number)

    async def download(self, request: Request) -> Response:
        if self.approved:
            return await self._ca.usual(request)
        page = b"Disposition message:</B></TD><TD>\r\n\t\tTaken Under Submission\r\nDisposition: 5\r\n"
        return Response(200, PAGE, page)


def test_a_pending_request_is_202_until_it_is_approved_and_handed_in_once(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> list[Reply]:
        waiting = [await client.enroll(csr_lines, GOOD) for _ in range(3)]
        manager.approved = True
        return [*waiting, await client.enroll(csr_lines, GOOD)]

    *waiting, issued = with_ra(
        running_ra, scenario, profile="rfc", pending=PendingSettings(retry_after_seconds=77)
    )
    assert [(reply.status, reply.headers.get("retry-after")) for reply in waiting] == [(202, "77")] * 3
    assert issued.status == 200
    assert certificates(issued.body) == [ca.issued[10]]
    assert manager.submitted == 1


def test_once_delivered_the_same_request_is_a_new_one(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> None:
        await client.enroll(csr_lines, GOOD)
        manager.approved = True
        assert (await client.enroll(csr_lines, GOOD)).status == 200
        assert (await client.enroll(csr_lines, GOOD)).status == 202

    with_ra(running_ra, scenario, profile="rfc")
    assert manager.submitted == 2


def test_libests_202_has_neither_length_nor_connection_header(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    Manager(ca)

    async def scenario(client: EstClient) -> Reply:
        return await client.enroll(csr_lines, GOOD)

    reply = with_ra(running_ra, scenario)
    assert (reply.status, reply.headers.pairs, reply.body) == (202, (("Retry-After", "3600"),), b"")


def test_a_request_signed_again_with_another_proof_is_the_same_request(
    running_ra: RunningRa, ca: ScriptedCa, phone_key: ec.EllipticCurvePrivateKey
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> list[int]:
        first = await prove(client, phone_key)
        manager.approved = True
        return [first.status, (await prove(client, phone_key)).status]

    assert with_ra(running_ra, scenario, profile="rfc", proof_of_possession="on") == [202, 200]
    assert manager.submitted == 1


def test_another_phones_request_is_not_answered_with_it(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)
    other_key = ec.generate_private_key(ec.SECP256R1())

    async def scenario(client: EstClient) -> None:
        await client.enroll(csr_lines, GOOD)
        manager.approved = True
        assert (await client.enroll(request_lines(other_key), GOOD)).status == 202
        reply = await client.enroll(request_lines(other_key), GOOD)
        [certificate] = certificates(reply.body)
        assert certificate.public_key() == other_key.public_key()

    with_ra(running_ra, scenario, profile="rfc")


def test_a_denied_request_is_500_and_handed_in_anew_the_next_time(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> list[int]:
        first = await client.enroll(csr_lines, GOOD)
        ca.answers["/certsrv/certnew.cer"] = always(Response(200, PAGE, b"Disposition: 2"))
        denied = await client.enroll(csr_lines, GOOD)
        return [first.status, denied.status, (await client.enroll(csr_lines, GOOD)).status]

    assert with_ra(running_ra, scenario, profile="rfc") == [202, 500, 202]
    assert manager.submitted == 2


def test_a_pending_servers_key_waits_with_its_request(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    manager = Manager(ca)

    async def scenario(client: EstClient) -> Reply:
        assert (await client.enroll(csr_lines, GOOD, operation="serverkeygen")).status == 202
        manager.approved = True
        return await client.enroll(csr_lines, GOOD, operation="serverkeygen")

    reply = with_ra(running_ra, scenario, profile="rfc", server_key="p-256")
    key, certificate = key_and_certificate(reply)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert certificate.public_key() == key.public_key()
    assert manager.submitted == 1


def test_more_than_can_be_remembered_are_forgotten_and_counted(running_ra: RunningRa, ca: ScriptedCa) -> None:
    Manager(ca)
    bodies = [request_lines(ec.generate_private_key(ec.SECP256R1())) for _ in range(5)]

    async def scenario(client: EstClient) -> float:
        for body in bodies:
            assert (await client.enroll(body, GOOD)).status == 202
        return (await metrics(client))["estorm_ra_pending_forgotten_total"]

    assert with_ra(running_ra, scenario, profile="rfc", pending=PendingSettings(requests=2)) == 3


# -- secrets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["basic", "digest", "certificate_or_basic"])
def test_no_credential_is_in_any_log_or_metric(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path, mode: str
) -> None:
    async def scenario(client: EstClient) -> str:
        challenged = await client.enroll(csr_lines)
        challenge = challenged.headers.get("www-authenticate") or ""
        digest = digest_answer(challenge, EST + "serverkeygen") if mode == "digest" else GOOD
        for header in (digest, GOOD, basic("capf", EST_PASSWORD + "x"), ("Authorization", EST_PASSWORD)):
            await client.enroll(csr_lines, header, operation="serverkeygen")
        return repr(await metrics(client))

    counted = with_ra(running_ra, scenario, authentication=mode)
    written = counted + "".join(path.read_text() for path in tmp_path.rglob("*.log"))
    encoded = GOOD[1].removeprefix("Basic ")
    secret = hashlib.md5(f"capf:estrealm:{EST_PASSWORD}".encode(), usedforsecurity=False).hexdigest()
    for credential in (EST_PASSWORD, ACCOUNT_PASSWORD, encoded, secret, "PRIVATE KEY", "Authorization"):
        assert credential not in written
    assert "POST /.well-known/est/serverkeygen" in written
