import pytest

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.est.answers import Answers
from testbed.ra.est.operations import Operation
from testbed.ra.est.settings import EstSettings
from testbed.ra.logs import est_log
from testbed.ra.logs.exchange import Exchange
from testbed.web.messages import Headers, Request, Response

ANSWERS = Answers(EstSettings())
CLIENT = "14.48.31.128"


def request(*headers: tuple[str, str]) -> Request:
    return Request("POST", "/.well-known/est/simpleenroll", "", Headers(headers))


def failed(error: EstError, text: str = "", operation: Operation | None = Operation.SIMPLEENROLL) -> Exchange:
    return Exchange(request(), ANSWERS.refusal(EstRefused(error, text)), operation, error, text)


def outcome(exchange: Exchange) -> str:
    return "\n".join(est_log.outcome(exchange, CLIENT, 0.0))


def test_a_success_is_an_access_line_without_a_status_and_two_headers() -> None:
    exchange = Exchange(request(("User-Agent", "Cisco EST client 1.0")), Response(200))
    access, referer, agent = est_log.outcome(exchange, CLIENT, 0.0)
    assert access.endswith('"POST /.well-known/est/simpleenroll HTTP/1.1" -1 0')
    assert referer == "***EST [INFO][log_header:1276]--> -"
    assert agent == '***EST [INFO][log_header:1278]--> "Cisco EST client 1.0"'


def test_a_failure_names_its_code_and_status() -> None:
    text = outcome(failed(EstError.CA_ENROLL_FAIL))
    assert "Enrollment failed with rc=25 (EST_ERR_CA_ENROLL_FAIL)" in text
    assert "EST error response code: 25 (EST_ERR_CA_ENROLL_FAIL)" in text
    assert "Incoming request failed rv=25 (EST_ERR_CA_ENROLL_FAIL)" in text
    assert '"POST /.well-known/est/simpleenroll HTTP/1.1" 500 0' in text


def test_a_reason_that_no_other_line_gives_is_logged() -> None:
    assert "the signature is wrong" in outcome(failed(EstError.BAD_PKCS10, "the signature is wrong"))
    assert "curl 28" not in outcome(failed(EstError.CA_ENROLL_FAIL, "curl 28 (...)"))


@pytest.mark.parametrize("operation", [None, Operation.CACERTS])
def test_only_an_enrollment_fails_as_an_enrollment(operation: Operation | None) -> None:
    assert "Enrollment failed" not in outcome(failed(EstError.WRONG_METHOD, operation=operation))


def test_only_refused_credentials_are_a_failed_authentication() -> None:
    challenged = Exchange(
        request(),
        ANSWERS.refusal(EstRefused(EstError.AUTH_PENDING, "", challenges=("Basic",))),
        Operation.SIMPLEENROLL,
        EstError.AUTH_PENDING,
    )
    assert "HTTP authentication failed. Auth type=1" in outcome(failed(EstError.AUTH_FAIL))
    assert "HTTP authentication failed" not in outcome(challenged)
    assert "mg_send_http_error" not in outcome(challenged)


def test_a_request_that_could_not_be_read_has_no_access_line() -> None:
    exchange = Exchange(
        None, ANSWERS.refusal(EstRefused(EstError.HTTP_BAD_REQ, "")), error=EstError.HTTP_BAD_REQ
    )
    assert "log_access" not in outcome(exchange)


def test_a_failure_whose_client_left_stays_that_failure() -> None:
    exchange = failed(EstError.AUTH_FAIL)
    assert est_log.undelivered(exchange, CLIENT, 0.0) == est_log.outcome(exchange, CLIENT, 0.0)


def test_a_request_line_cannot_forge_a_second_line() -> None:
    exchange = Exchange(
        Request("GET", "/\x85\x0b\x1f", "", Headers([("User-Agent", "a\x85b")])), Response(200)
    )
    assert all(len(line.splitlines()) == 1 for line in est_log.outcome(exchange, CLIENT, 0.0))
