import asyncio
import base64

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from testbed.ra.certificates import base64_lines
from testbed.web.client import HttpConnection
from testbed.web.messages import Header, Reply, Response
from tests.testbed.ra.conftest import EST_PASSWORD, EstClient, RunningRa
from tests.testbed.ra.est_requests import EST, GOOD, PKCS10, always, basic, enroll, metrics
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa


def certificates(body: bytes) -> list[x509.Certificate]:
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))


def ask(running_ra: RunningRa, method: str, target: str, *headers: Header, body: bytes = b"") -> Reply:
    async def scenario() -> Reply:
        async with running_ra() as client:
            return await client.send(method, target, headers, body)

    return uvloop.run(scenario())


def test_an_enrollment_ends_with_the_certificate_in_libests_wire_form(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    reply = enroll(running_ra, csr_lines, GOOD)

    assert reply.status == 200
    assert reply.headers.get("status") == "200 OK"
    assert reply.headers.get("content-type") == "application/pkcs7-mime; smime-type=certs-only"
    assert reply.headers.get("content-transfer-encoding") == "base64"
    assert certificates(reply.body) == [ca.issued[10]]
    assert {len(line) for line in reply.body.splitlines()[:-1]} == {64}


def test_an_enrollment_is_the_guides_seven_requests_on_two_connections(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    enroll(running_ra, csr_lines, GOOD)

    assert ca.lines()[3:] == [
        ("GET", "/certsrv", 401),
        ("GET", "/certsrv", 301),
        ("GET", "/certsrv/certrqxt.asp", 200),
        ("GET", "/certsrv", 401),
        ("GET", "/certsrv", 301),
        ("POST", "/certsrv/certfnsh.asp", 200),
        ("GET", "/certsrv/certnew.cer?ReqID=10&ENC=b64", 200),
    ]
    assert [row.connection for row in ca.rows[3:]] == [2, 2, 2, 3, 3, 3, 3]
    assert {row.request.headers.get("user-agent") for row in ca.rows} == {"CiscoRA 1.0"}


def test_a_reenrollment_goes_the_same_way(running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            reply = await client.enroll(csr_lines, GOOD, operation="simplereenroll")
            assert certificates(reply.body) == [ca.issued[10]]

    uvloop.run(scenario())


def test_cacerts_gives_the_cas_chain_to_anyone(running_ra: RunningRa, ca: ScriptedCa) -> None:
    reply = ask(running_ra, "GET", EST + "cacerts")

    assert (reply.status, reply.headers.get("content-type")) == (200, "application/pkcs7-mime")
    assert certificates(reply.body) == [ca.root]


def test_csrattrs_is_204_because_none_are_needed(running_ra: RunningRa) -> None:
    assert ask(running_ra, "GET", EST + "csrattrs").status == 204


def test_one_connection_serves_several_requests(running_ra: RunningRa) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            connection = HttpConnection(client.origin, client.context)
            await connection.open()
            for _ in range(3):
                reply = await connection.send("GET", EST + "cacerts", (("Host", "ra"),))
                assert (reply.status, reply.keep_alive) == (200, True)
            connection.close()

    uvloop.run(scenario())


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 500),
        ("GET", EST + "unknown", 400),
        ("GET", EST + "cacerts/", 404),
        ("GET", EST + "a/b/cacerts", 400),
        ("GET", EST + "simpleenroll", 400),
        ("PUT", EST + "simpleenroll", 400),
        ("POST", EST + "cacerts", 400),
        ("GET", EST + "label/cacerts?a=b", 200),
    ],
)
def test_paths_and_methods_have_libests_status(
    running_ra: RunningRa, method: str, target: str, status: int
) -> None:
    reply = ask(running_ra, method, target, ("Content-Length", "0"))
    assert reply.status == status
    assert status == 200 or reply.body.startswith(f"Error {status}: ".encode())
    assert reply.keep_alive is (status == 200)


def test_no_credentials_are_a_challenge_without_a_body(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    reply = enroll(running_ra, csr_lines)

    assert (reply.status, reply.body) == (401, b"")
    assert reply.headers.get("www-authenticate") == 'Basic realm="estrealm"'
    assert len(ca.rows) == 3  # the start-up's


@pytest.mark.parametrize(
    "wrong", [basic("capf", "wrong"), basic("other", EST_PASSWORD), ("Authorization", "x")]
)
def test_wrong_credentials_are_401_without_a_challenge_and_cost_the_ca_nothing(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, wrong: Header
) -> None:
    reply = enroll(running_ra, csr_lines, wrong)

    assert reply.status == 401
    assert reply.headers.get("www-authenticate") is None
    assert len(reply.body) == 72
    assert len(ca.rows) == 3


@pytest.mark.parametrize("body", [b"", b"garbage\n", b"AAAA\n", b"\x30\x82\x01\x01"])
def test_a_bad_request_is_400_and_never_submitted(running_ra: RunningRa, ca: ScriptedCa, body: bytes) -> None:
    assert enroll(running_ra, body, GOOD).status == 400
    assert "POST" not in [row.request.method for row in ca.rows]


def test_another_content_type_is_400_before_any_login(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    text, length = ("Content-Type", "text/plain"), ("Content-Length", str(len(csr_lines)))
    reply = ask(running_ra, "POST", EST + "simpleenroll", text, length, GOOD, body=csr_lines)
    assert reply.status == 400
    assert len(ca.rows) == 3


def test_a_chunked_request_is_400_as_libest_wants_a_length(running_ra: RunningRa, csr_lines: bytes) -> None:
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(csr_lines), csr_lines)
    coding = ("Transfer-Encoding", "chunked")
    assert ask(running_ra, "POST", EST + "simpleenroll", PKCS10, coding, GOOD, body=chunked).status == 400


@pytest.mark.parametrize(("size", "status"), [(8192, 400), (8193, 413)])
def test_a_body_beyond_8192_bytes_is_413(running_ra: RunningRa, size: int, status: int) -> None:
    body = b"A" * (size - 1) + b"\n"
    reply = enroll(running_ra, body, GOOD)
    assert reply.status == status
    assert reply.body.startswith(f"Error {status}: ".encode())


def test_a_header_beyond_16_kib_is_413(running_ra: RunningRa) -> None:
    reply = ask(running_ra, "GET", EST + "cacerts", ("X", "x" * 16_384))
    assert (reply.status, reply.body[:28]) == (413, b"Error 413: Request Too Large")


@pytest.mark.parametrize(
    ("path", "response"),
    [
        ("/certsrv", Response(401, PAGE)),
        ("/certsrv", Response(503, PAGE)),
        ("/certsrv/certrqxt.asp", Response(500, PAGE)),
        ("/certsrv/certrqxt.asp", Response(200, PAGE, b"no options")),
    ],
)
def test_a_ca_that_lets_nobody_in_is_a_failed_authentication(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes, path: str, response: Response
) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            ca.answers[path] = always(response)
            reply = await client.enroll(csr_lines, GOOD)
            assert (reply.status, len(reply.body)) == (401, 72)

    uvloop.run(scenario())


GARBAGE = [
    ("/certsrv/certfnsh.asp", Response(200, PAGE), ("submit", "no_request_id")),
    ("/certsrv/certfnsh.asp", Response(200, PAGE, b"<P ID=locDenied>"), ("submit", "denied")),
    ("/certsrv/certfnsh.asp", Response(200, PAGE, b"Certificate Pending"), ("submit", "pending")),
    ("/certsrv/certnew.cer", Response(200, PAGE), ("download", "no_certificate")),
    ("/certsrv/certnew.cer", Response(200, PAGE, b"-----BEGIN C"), ("download", "no_certificate")),
]


@pytest.mark.parametrize(("path", "response", "counted_as"), GARBAGE)
def test_what_the_ca_gets_wrong_after_the_login_is_500_and_counted(
    running_ra: RunningRa,
    ca: ScriptedCa,
    csr_lines: bytes,
    path: str,
    response: Response,
    counted_as: tuple[str, str],
) -> None:
    stage, cause = counted_as
    ca.answers[path] = always(response)

    async def scenario() -> None:
        async with running_ra() as client:
            reply = await client.enroll(csr_lines, GOOD)
            assert (reply.status, reply.body[:10]) == (500, b"Error 500:")
            counted = await metrics(client)
            assert counted[f'estorm_ra_failures_total{{cause="{cause}",stage="{stage}"}}'] == 1
            assert counted["estorm_ra_orphans_total"] == (1 if stage == "download" else 0)

    uvloop.run(scenario())


def test_a_certificate_for_another_key_never_reaches_a_phone(
    running_ra: RunningRa, ca: ScriptedCa, csr: x509.CertificateSigningRequest, csr_lines: bytes
) -> None:
    other = ca.sign(ec.generate_private_key(ec.SECP256R1()).public_key(), csr.subject)
    ca.answers["/certsrv/certnew.cer"] = always(Response(200, PAGE, other.public_bytes(Encoding.PEM)))

    assert enroll(running_ra, csr_lines, GOOD).status == 500


def test_phones_that_enroll_together_each_get_their_own_certificate(
    running_ra: RunningRa, ca: ScriptedCa
) -> None:
    async def one(client: EstClient, number: int) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"SEP{number:012X}")])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        reply = await client.enroll(base64_lines(request.public_bytes(Encoding.DER)), GOOD)
        [certificate] = certificates(reply.body)
        assert certificate.subject == subject
        assert certificate.public_key() == key.public_key()

    async def scenario() -> None:
        async with running_ra() as client:
            await asyncio.gather(*(one(client, number) for number in range(40)))
        assert len(ca.issued) == 40

    uvloop.run(scenario())


def test_answers_and_stages_are_counted(running_ra: RunningRa, csr_lines: bytes) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            await client.enroll(csr_lines, GOOD)
            await client.enroll(csr_lines)
            counted = await metrics(client)
            assert counted['estorm_ra_requests_total{operation="simpleenroll",status="200"}'] == 1
            assert counted['estorm_ra_requests_total{operation="simpleenroll",status="401"}'] == 1
            counts = {s: counted[f'estorm_ra_stage_seconds_count{{stage="{s}"}}'] for s in
                      ("login", "form", "submit", "download", "chain")}  # fmt: skip
            assert counts == {"login": 3, "form": 1, "submit": 1, "download": 1, "chain": 1}
            assert counted["estorm_ra_orphans_total"] == 0

    uvloop.run(scenario())
