import pytest

from testbed.errors import CaRefused, CurlError
from testbed.est_errors import EstError
from testbed.ra.verdicts import authentication_failed, enrollment_failed


@pytest.mark.parametrize(
    ("failure", "error", "status"),
    [
        # est.md section 5, through libEST's proxy
        (CurlError(7, "refused"), EstError.IP_CONNECT, 504),
        (CurlError(6, "unknown"), EstError.IP_GETADDR, 504),
        (CurlError(60, "not trusted"), EstError.SSL_CONNECT, 502),
        (CurlError(35, "no TLS"), EstError.SSL_CONNECT, 502),
        (CurlError(28, "silent"), EstError.SSL_READ, 504),
        (CurlError(56, "reset"), EstError.IP_CONNECT, 504),
        (CurlError(52, "closed"), EstError.HTTP_NOT_FOUND, 404),
        (CurlError(18, "cut"), EstError.HTTP_UNSUPPORTED, 502),
        (CaRefused("http_400", ""), EstError.HTTP_BAD_REQ, 400),
        (CaRefused("http_401", ""), EstError.AUTH_FAIL, 401),
        (CaRefused("http_403", ""), EstError.HTTP_UNSUPPORTED, 502),
        (CaRefused("http_404", ""), EstError.HTTP_NOT_FOUND, 404),
        (CaRefused("http_429", ""), EstError.HTTP_UNSUPPORTED, 502),
        (CaRefused("http_500", ""), EstError.HTTP_UNSUPPORTED, 502),
        (CaRefused("http_503", ""), EstError.HTTP_UNSUPPORTED, 502),
        # the others
        (CurlError(51, "name"), EstError.FQDN_MISMATCH, 502),
        (CurlError(55, "send"), EstError.SSL_WRITE, 504),
        (CaRefused("denied", ""), EstError.CA_ENROLL_FAIL, 0),
        (CaRefused("no_certificate", ""), EstError.CA_ENROLL_FAIL, 0),
    ],
)
def test_each_failure_of_the_ca_has_libests_error_and_its_proxys_status(
    failure: CurlError | CaRefused, error: EstError, status: int
) -> None:
    refused = enrollment_failed(failure)
    assert (refused.error, refused.status, str(refused)) == (error, status, str(failure))


@pytest.mark.parametrize("failure", [CurlError(28, "silent"), CaRefused("template_missing", "no template")])
def test_while_the_client_is_authenticated_every_failure_is_an_authentication_failure(
    failure: CurlError | CaRefused,
) -> None:
    refused = authentication_failed(failure)
    assert (refused.error, refused.status) == (EstError.AUTH_FAIL, 0)
