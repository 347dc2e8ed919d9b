import base64
from email import message_from_bytes
from email.policy import default

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    pkcs7,
)

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.est.answers import Answers
from testbed.ra.est.operations import Operation
from testbed.ra.est.settings import EstSettings, PendingSettings
from testbed.web.server import Refusal
from tests.testbed.ra.scripted_ca import ScriptedCa

LIBEST, RFC = Answers(EstSettings()), Answers(EstSettings(profile="rfc"))


def test_a_success_has_libests_headers_and_keeps_the_connection() -> None:
    assert LIBEST.enrolled(bytes(3)).encode() == (
        b"HTTP/1.1 200 OK\r\nStatus: 200 OK\r\n"
        b"Content-Type: application/pkcs7-mime; smime-type=certs-only\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Length: 5\r\n\r\nAAAA\n"
    )
    assert dict(LIBEST.ca_certificates(b"").headers)["Content-Type"] == "application/pkcs7-mime"


def test_the_rfc_knows_no_status_header() -> None:
    assert dict(RFC.enrolled(bytes(3)).headers).keys() == {"Content-Type", "Content-Transfer-Encoding"}


@pytest.mark.parametrize(("columns", "body"), [(0, b"A" * 16), (8, b"A" * 8 + b"\n" + b"A" * 8 + b"\n")])
def test_the_width_of_base64_is_a_setting(columns: int, body: bytes) -> None:
    assert Answers(EstSettings(base64_columns=columns)).enrolled(bytes(12)).body == body


def test_no_attributes_is_204_without_a_body() -> None:
    assert LIBEST.attributes(None).encode() == b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize(("answers", "body"), [(LIBEST, b"MAA=\0"), (RFC, b"MAA=")])
def test_attributes_end_with_a_nul_as_libest_sends_them(answers: Answers, body: bytes) -> None:
    response = answers.attributes(b"\x30\x00")
    assert (response.status, response.body) == (200, body)
    assert dict(response.headers)["Content-Type"] == "application/csrattrs"


def test_a_key_and_its_certificate_are_two_parts(ca: ScriptedCa) -> None:
    response = LIBEST.key_and_certificate(b"key", [ca.root])

    kind = dict(response.headers)["Content-Type"]
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + response.body, policy=default)
    assert kind == "multipart/mixed; boundary=est-server-boundary"
    key, certificate = message.iter_parts()
    assert [part.get_content_type() for part in (key, certificate)] == [
        "application/pkcs8", "application/pkcs7-mime",
    ]  # fmt: skip
    assert certificate["content-type"].params["smime-type"] == "certs-only"
    assert key.get_content() == b"key"
    assert pkcs7.load_der_pkcs7_certificates(certificate.get_content()) == [ca.root]


def test_a_key_part_is_a_pkcs8_that_loads(ca: ScriptedCa) -> None:
    der = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    body = LIBEST.key_and_certificate(der, [ca.root]).body
    part = body.split(b"\r\n\r\n")[1].split(b"\r\n--")[0]
    assert load_der_private_key(base64.b64decode(part), None) is not None


def test_a_pending_answer_of_libest_has_no_length_and_no_connection_header() -> None:
    answers = Answers(EstSettings(pending=PendingSettings(retry_after_seconds=60)))
    sent = answers.pending().encode(close=True)
    assert sent == b"HTTP/1.1 202 Accepted\r\nRetry-After: 60\r\n\r\n"


def test_a_pending_answer_by_the_rfc_has_a_body() -> None:
    sent = RFC.pending().encode()
    assert b"Retry-After: 3600\r\n" in sent
    assert b"Content-Length: 44\r\n" in sent


def test_a_challenge_has_no_body_with_libest() -> None:
    refused = EstRefused(EstError.AUTH_PENDING, "", challenges=('Basic realm="r"',))
    response = LIBEST.refusal(refused)
    assert (response.status, response.body) == (401, b"")
    assert response.headers == (("WWW-Authenticate", 'Basic realm="r"'),)


def test_a_challenge_by_the_rfc_says_what_is_wrong() -> None:
    refused = EstRefused(EstError.AUTH_FAIL, "", challenges=("Digest a", "Digest b"))
    response = RFC.refusal(refused)
    assert [value for name, value in response.headers if name == "WWW-Authenticate"] == [
        "Digest a",
        "Digest b",
    ]
    assert response.body.startswith(b"Error 401: Unauthorized\n")


@pytest.mark.parametrize("answers", [LIBEST, RFC])
@pytest.mark.parametrize("error", [e for e in EstError if e not in (EstError.NONE, EstError.CA_ENROLL_RETRY)])
def test_every_error_body_starts_with_its_status_and_closes(answers: Answers, error: EstError) -> None:
    response = answers.refusal(EstRefused(error, ""))
    assert response.status >= 400
    assert response.body.startswith(f"Error {response.status}: ".encode())
    assert response.close


def test_the_401_body_is_libests_72_bytes() -> None:
    body = LIBEST.refusal(EstRefused(EstError.AUTH_FAIL, "")).body
    assert body == b"Error 401: Unauthorized\nThe server was unable to authorize the request.\n"
    assert len(body) == 72


def test_a_wrong_proof_of_possession_is_named() -> None:
    response = LIBEST.refusal(EstRefused(EstError.AUTH_FAIL_TLSUID, ""))
    assert response.body == b"Error 401: Unauthorized\nProof of Possession Mismatch.\n"


def test_a_status_of_the_refusals_own_comes_first() -> None:
    assert LIBEST.refusal(EstRefused(EstError.SSL_READ, "", status=504)).status == 504


@pytest.mark.parametrize(
    ("error", "libest", "rfc"),
    [
        (EstError.WRONG_METHOD, 400, 405),
        (EstError.BAD_CONTENT_TYPE, 400, 415),
        (EstError.HTTP_BAD_REQ, 400, 404),
        (EstError.HTTP_UNSUPPORTED, 500, 404),
        (EstError.BAD_PKCS10, 400, 400),
        (EstError.X509_ATTR, 500, 403),
    ],
)
def test_the_rfcs_statuses_say_more_than_libests(error: EstError, libest: int, rfc: int) -> None:
    refused = EstRefused(error, "")
    assert (LIBEST.refusal(refused).status, RFC.refusal(refused).status) == (libest, rfc)


def test_a_405_names_the_method_that_is_allowed() -> None:
    response = RFC.refusal(EstRefused(EstError.WRONG_METHOD, ""), Operation.CACERTS)
    assert ("Allow", "GET") in response.headers


@pytest.mark.parametrize(
    ("why", "libest", "rfc"),
    [
        (Refusal.MALFORMED, 400, 400),
        (Refusal.HEADERS_TOO_LARGE, 413, 431),
        (Refusal.BODY_TOO_LARGE, 413, 413),
        (Refusal.TOO_SLOW, None, None),
    ],
)
def test_what_cannot_be_read_has_its_status(why: Refusal, libest: int | None, rfc: int | None) -> None:
    responses = [answers.unreadable(why) for answers in (LIBEST, RFC)]
    assert [response.status if response else None for response in responses] == [libest, rfc]
