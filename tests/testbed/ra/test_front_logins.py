"""Every way to log in, and proof of possession, against the running RA."""

import asyncio
import base64
import contextlib
import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testbed.pki import write_identity
from testbed.ra.est.settings import DigestSettings
from testbed.web.messages import Reply
from tests.testbed.ra.conftest import EstClient, RunningRa
from tests.testbed.ra.est_clients import (
    NAME,
    digest_answer,
    nginx_log,
    post,
    prove,
    request_lines,
    show_certificate,
    tcp_to,
    with_ra,
)
from tests.testbed.ra.est_requests import EST, GOOD, basic
from tests.testbed.ra.scripted_ca import ScriptedCa


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
                contextlib.closing(tcp_to(client)) as tcp,
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


def test_no_proof_is_401_where_one_is_required(
    running_ra: RunningRa, csr_lines: bytes, tmp_path: Path
) -> None:
    async def enroll(client: EstClient) -> Reply:
        return await client.enroll(csr_lines, GOOD)

    assert with_ra(running_ra, enroll, proof_of_possession="on").status == 401
    assert "Enrollment failed with rc=23 (EST_ERR_AUTH_FAIL_TLSUID)" in nginx_log(tmp_path)
    assert "pop_enabled on in nginx.conf. Enabling EST Proof" in (tmp_path / "ciscora.log").read_text()


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
