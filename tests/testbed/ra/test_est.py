import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra import est
from testbed.ra.est import Operation
from testbed.web.server import Refusal

ROOT = "/.well-known/est/"


@pytest.mark.parametrize("operation", Operation)
def test_each_operation_has_its_path_with_and_without_a_segment(operation: Operation) -> None:
    assert est.operation_of(ROOT + operation.value) is operation
    assert est.operation_of(f"{ROOT}label/{operation.value}") is operation


# The status codes are those measured of libEST 3.2.
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 500),
        ("/.well-known/est", 500),
        ("/other/simpleenroll", 500),
        (ROOT, 400),
        (ROOT + "unknown", 400),
        (ROOT + "a/b/cacerts", 400),
        (ROOT + "cacerts/", 404),
        (ROOT + "cacerts/cacerts", 404),
        (ROOT + "x" * 129 + "/cacerts", 404),
        (ROOT + "/cacerts", 404),
    ],
)
def test_a_path_that_names_no_operation_has_libests_status(path: str, status: int) -> None:
    with pytest.raises(EstRefused) as refused:
        est.operation_of(path)
    assert est.refusal(refused.value.error).status == status


def test_a_segment_of_128_characters_is_taken() -> None:
    assert est.operation_of(ROOT + "x" * 128 + "/cacerts") is Operation.CACERTS


@given(st.text())
def test_any_path_names_an_operation_or_is_refused(path: str) -> None:
    with contextlib.suppress(EstRefused):
        assert est.operation_of(ROOT + path) in Operation


@pytest.mark.parametrize(
    ("operation", "method"), [(Operation.CACERTS, "POST"), (Operation.SIMPLEENROLL, "GET")]
)
def test_a_wrong_method_is_400(operation: Operation, method: str) -> None:
    with pytest.raises(EstRefused) as refused:
        est.check_method(operation, method)
    assert refused.value.error is EstError.WRONG_METHOD
    assert est.refusal(refused.value.error).status == 400


@pytest.mark.parametrize(
    "kind", ["application/pkcs10", "Application/PKCS10; charset=x", "application/pkcs10;a"]
)
def test_the_request_type_may_have_parameters(kind: str) -> None:
    est.check_request_type(kind, "100")


@pytest.mark.parametrize(
    ("kind", "length", "error"),
    [
        (None, "1", EstError.BAD_CONTENT_TYPE),
        ("text/plain", "1", EstError.BAD_CONTENT_TYPE),
        ("application/pkcs10x", "1", EstError.BAD_CONTENT_TYPE),
        ("application/pkcs10", None, EstError.BAD_CONTENT_LEN),
    ],
)
def test_another_type_or_no_length_is_400(kind: str | None, length: str | None, error: EstError) -> None:
    with pytest.raises(EstRefused) as refused:
        est.check_request_type(kind, length)
    assert refused.value.error is error
    assert est.refusal(error).status == 400


def test_a_success_has_libests_headers_and_keeps_the_connection() -> None:
    assert est.enrolled(b"AAAA\n").encode() == (
        b"HTTP/1.1 200 OK\r\nStatus: 200 OK\r\n"
        b"Content-Type: application/pkcs7-mime; smime-type=certs-only\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Length: 5\r\n\r\nAAAA\n"
    )
    assert dict(est.ca_certificates(b"").headers)["Content-Type"] == "application/pkcs7-mime"


def test_no_attributes_is_204_without_a_body() -> None:
    assert est.no_attributes().encode() == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_challenge_names_the_realm_and_has_no_body() -> None:
    response = est.challenge("estrealm")
    assert (response.status, response.body) == (401, b"")
    assert response.headers == (("WWW-Authenticate", 'Basic realm="estrealm"'),)


def test_a_realm_cannot_leave_its_quotes() -> None:
    assert est.challenge('a"b\\').headers[0][1] == r'Basic realm="a\"b\\"'


@pytest.mark.parametrize("error", list(EstError)[1:])
def test_every_error_body_starts_with_its_status_and_closes(error: EstError) -> None:
    response = est.refusal(error)
    assert response.body.startswith(f"Error {response.status}: ".encode())
    assert response.close


def test_the_401_body_is_libests_72_bytes() -> None:
    body = est.refusal(EstError.AUTH_FAIL).body
    assert body == b"Error 401: Unauthorized\nThe server was unable to authorize the request.\n"
    assert len(body) == 72


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (Refusal.MALFORMED, 400),
        (Refusal.HEADERS_TOO_LARGE, 413),
        (Refusal.BODY_TOO_LARGE, 413),
        (Refusal.TOO_SLOW, None),
    ],
)
def test_what_cannot_be_read_has_libests_status(why: Refusal, status: int | None) -> None:
    response = est.unreadable(why)
    assert (response.status if response else None) == status
