"""The lines by which one knows a fault, made from what the RA and IIS write of a call that goes wrong.

Patterns are regular expressions for one line, without anchors.
"""

import re
from collections.abc import Iterable, Iterator

from chaos.fault import Evidence
from testbed.ca import hresult
from testbed.errors import CaRefused, CurlError, EstRefused
from testbed.est_errors import EstError, error_of_status
from testbed.ra.certsrv.calls import CaCall, Stage
from testbed.ra.certsrv.client import CHAIN, DOWNLOAD, FORM, LOGIN, SUBMIT
from testbed.ra.certsrv.settings import RaTimers
from testbed.ra.est.profile import LIBEST
from testbed.ra.logs.nginx_log import failure as lines_of_failure
from testbed.ra.verdicts import authentication_failed, enrollment_failed

_AUTHENTICATION = (Stage.LOGIN, Stage.FORM)
_TARGETS = {
    Stage.LOGIN: LOGIN, Stage.FORM: FORM, Stage.SUBMIT: SUBMIT, Stage.DOWNLOAD: DOWNLOAD, Stage.CHAIN: CHAIN
}  # fmt: skip
_TIMEOUT_CODE = 28
_GOOD_STATUS = {Stage.LOGIN: 301, Stage.FORM: 200, Stage.SUBMIT: 200, Stage.DOWNLOAD: 200}
_RA_SECONDS = RaTimers().login_seconds
ANY_HOST = "HOST"


def failed_call(stage: Stage, *failures: CurlError | CaRefused) -> tuple[Evidence, ...]:
    """What an enrollment leaves whose call of `stage` fails in one of these ways: the RA, libEST, CAPF.

    Numbers in a text, but for a status, stand for any number, ANY_HOST for any name. The first login and the
    form belong to the authentication, so a login that fails is EST_ERR_AUTH_FAIL.
    """
    line = _either(_line(stage, failure) for failure in failures)
    return (Evidence("nginx_error", line), *refused(stage, *failures))


def refused(stage: Stage, *failures: CurlError | CaRefused) -> tuple[Evidence, ...]:
    """What libEST and CAPF say of it, without the RA's own line."""
    told, heard = set(), set()
    for failure in failures:
        verdict = _verdict(stage, failure)
        told.add(verdict.error)
        status = verdict.status or LIBEST.statuses.get(verdict.error, 500)
        heard.add(EstError.CA_ENROLL_RETRY if status == 202 else error_of_status(status))
        if isinstance(failure, CurlError) and failure.code == _TIMEOUT_CODE:
            heard.add(EstError.SSL_READ)  # CAPF's own timer, when it is no longer than the RA's
    return est_failed(*told), capf_failed(*heard)


def est_failed(*errors: EstError) -> Evidence:
    """LibEST's line at the RA for an enrollment that ends in one of `errors`."""
    return Evidence("nginx_error", f"Enrollment failed with rc={_codes(errors)}")


def capf_failed(*errors: EstError) -> Evidence:
    """CAPF's line for an enrollment that ends in one of `errors`."""
    return Evidence("capf", f"Enrollment rv = {_codes(errors)} with pkcs7 length = 0")


def _verdict(stage: Stage, failure: CurlError | CaRefused) -> EstRefused:
    return authentication_failed(failure) if stage in _AUTHENTICATION else enrollment_failed(failure)


def _line(stage: Stage, failure: CurlError | CaRefused) -> str:
    line = lines_of_failure(CaCall(stage, "", 0.0, 0.0, None, failure))[0].text
    if "http_" in failure.cause:
        return literal(line)
    text = failure.text if isinstance(failure, CurlError) else str(failure)
    return literal(line).replace(literal(text), any_number(text)).replace(ANY_HOST, r"\S+")


def _codes(errors: Iterable[EstError]) -> str:
    return _either(f"{error.value} {literal(f'({error})')}" for error in sorted(errors))


def _either(patterns: Iterable[str]) -> str:
    found = list(dict.fromkeys(patterns))
    return f"(?:{'|'.join(found)})" if found[1:] else found[0]


def iis_row(
    stage: Stage,
    status: int,
    *,
    sub_status: int = 0,
    win32: int = 0,
    user: str = r"\S+",
    at_least_ms: int = 0,
) -> Evidence:
    """The row of one request in the IIS log; `user` is a pattern."""
    path, _, query = _TARGETS[stage].partition("?")
    method = "POST" if stage is Stage.SUBMIT else "GET"
    asked = literal(query).replace(literal("{}"), r"\d+") if query else "-"
    taken = at_least(at_least_ms)
    return Evidence(
        "iis",
        rf" {method} {literal(path)} {asked} \d+ {user} \S+ \S+ \S+ {status} {sub_status} {win32} {taken}",
    )


def silence() -> CurlError:
    """What curl says when not one byte came."""
    return CurlError(28, "Operation timed out after 10000 milliseconds with 0 bytes received")


def status_refusal(stage: Stage, status: int) -> CaRefused:
    """What the RA says of an HTTP status."""
    what = "MS CA login failed with HTTP status" if stage is Stage.LOGIN else "HTTP status"
    return CaRefused(f"http_{status}", f"{what} {status}")


def late_answer(stage: Stage, seconds: float) -> tuple[Evidence, ...]:
    """What an answer leaves that comes so late: the time in its row.

    From the RA's 10 s on, its time-out, and in the row that the client has gone.
    """
    late_ms, status = int(seconds * 990), _GOOD_STATUS[stage]
    if seconds < _RA_SECONDS:
        return (iis_row(stage, status, at_least_ms=late_ms),)
    gone = iis_row(stage, status, win32=hresult.CLIENT_GONE, at_least_ms=late_ms)
    return (*failed_call(stage, silence()), gone)


def any_number(text: str) -> str:
    """A pattern for `text` with other numbers in it."""
    return re.sub(r"\d+", r"\\d+", literal(text))


def literal(text: str) -> str:
    """A pattern for `text` itself."""
    return re.escape(text).replace("\\ ", " ")


def at_least(number: int) -> str:
    """A pattern for the decimal numbers, without leading zeros, that are not less than `number`."""
    if number <= 0:
        return r"\d+"
    digits = str(number)
    return rf"(?:{'|'.join(_as_long(digits))}|\d{{{len(digits) + 1},}})(?!\d)"


def _as_long(digits: str) -> Iterator[str]:
    """Patterns for what has as many digits and is not less: equal, or greater from one digit on."""
    yield digits
    for place, digit in enumerate(digits):
        if digit != "9":
            rest = len(digits) - place - 1
            yield f"{digits[:place]}[{int(digit) + 1}-9]" + (rf"\d{{{rest}}}" if rest else "")
