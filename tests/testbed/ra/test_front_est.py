"""Every EST operation, the forms of its messages, and what is kept secret, against the running RA."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from testbed.ra.certificates import base64_lines
from testbed.ra.est.settings import CsrAttribute, EstLimits
from testbed.web.messages import Reply
from tests.testbed.ra.conftest import ACCOUNT_PASSWORD, EST_PASSWORD, EstClient, RunningRa
from tests.testbed.ra.est_clients import (
    NAME,
    certificates,
    digest_answer,
    key_and_certificate,
    nginx_log,
    with_ra,
)
from tests.testbed.ra.est_requests import EST, GOOD, PKCS10, basic, metrics
from tests.testbed.ra.scripted_ca import ScriptedCa


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
