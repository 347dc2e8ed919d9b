"""The lines by which one knows a fault, made from what the RA and IIS write of a call that goes wrong.

Patterns are regular expressions for one line, without anchors.
"""

import re
from collections.abc import Iterator

from chaos.fault import Evidence
from testbed.errors import CaRefused, CurlError
from testbed.est_errors import EstError, error_of_status
from testbed.ra.certsrv.calls import CaCall, Stage
from testbed.ra.certsrv.client import CHAIN, DOWNLOAD, FORM, LOGIN, SUBMIT
from testbed.ra.est.profile import LIBEST
from testbed.ra.logs.nginx_log import failure as lines_of_failure
from testbed.ra.verdicts import authentication_failed, enrollment_failed

_AUTHENTICATION = (Stage.LOGIN, Stage.FORM)
_TARGETS = {
    Stage.LOGIN: LOGIN, Stage.FORM: FORM, Stage.SUBMIT: SUBMIT, Stage.DOWNLOAD: DOWNLOAD, Stage.CHAIN: CHAIN
}  # fmt: skip
_TIMEOUT_CODE = 28


def failed_call(stage: Stage, failure: CurlError | CaRefused) -> tuple[Evidence, ...]:
    """What an enrollment leaves whose call of `stage` fails so; numbers in curl's text stand for any number.

    The RA's line, libEST's error, CAPF's. The first login and the form belong to the authentication, so a
    login that fails is EST_ERR_AUTH_FAIL.
    """
    line = lines_of_failure(CaCall(stage, "", 0.0, 0.0, None, failure))[0].text
    pattern = re.escape(line)
    if isinstance(failure, CurlError):
        pattern = pattern.replace(re.escape(failure.text), any_number(failure.text))
    return (Evidence("nginx_error", pattern), *refused(stage, failure))


def refused(stage: Stage, failure: CurlError | CaRefused) -> tuple[Evidence, ...]:
    """What libEST and CAPF say of it, without the RA's own line."""
    verdict = authentication_failed if stage in _AUTHENTICATION else enrollment_failed
    told = verdict(failure)
    status = told.status or LIBEST.statuses.get(told.error, 500)
    heard = {EstError.CA_ENROLL_RETRY if status == 202 else error_of_status(status)}
    if isinstance(failure, CurlError) and failure.code == _TIMEOUT_CODE:
        heard.add(EstError.SSL_READ)  # CAPF's own timer, when it is no longer than the RA's
    return (est_failed(told.error), *capf_failed(*sorted(heard)))


def est_failed(error: EstError) -> Evidence:
    """LibEST's line at the RA for an enrollment that ends in `error`."""
    return Evidence("nginx_error", f"Enrollment failed with rc={error.value} {re.escape(f'({error})')}")


def capf_failed(*errors: EstError) -> tuple[Evidence, ...]:
    """CAPF's line for an enrollment that ends in one of `errors`."""
    either = "|".join(f"{error.value} {re.escape(f'({error})')}" for error in errors)
    return (Evidence("capf", f"Enrollment rv = (?:{either}) with pkcs7 length = 0"),)


def iis_row(  # noqa: PLR0913 - the fields of a row
    stage: Stage, status: int, *, sub_status: int = 0, win32: int = 0, user: str = r"\S+", at_least_ms: int = 0
) -> Evidence:
    """The row of one request in the IIS log; `user` is a pattern."""
    path, _, query = _TARGETS[stage].partition("?")
    method = "POST" if stage is Stage.SUBMIT else "GET"
    asked = re.escape(query).replace(re.escape("{}"), r"\d+") if query else "-"
    taken = at_least(at_least_ms)
    return Evidence(
        "iis",
        rf" {method} {re.escape(path)} {asked} \d+ {user} \S+ \S+ \S+ {status} {sub_status} {win32} {taken}",
    )


def any_number(text: str) -> str:
    """A pattern for `text` with other numbers in it."""
    return re.sub(r"\d+", r"\\d+", re.escape(text))


def at_least(number: int) -> str:
    """A pattern for the decimal numbers, without leading zeros, that are not less than `number`."""
    digits = str(number)
    return rf"(?:{'|'.join(_as_long(digits))}|[1-9]\d{{{len(digits)},}})(?!\d)"


def _as_long(digits: str) -> Iterator[str]:
    """Patterns for what has as many digits and is not less: equal, or greater from one digit on."""
    yield digits
    for place, digit in enumerate(digits):
        if digit != "9":
            rest = len(digits) - place - 1
            yield rf"{digits[:place]}[{int(digit) + 1}-9]\d{{{rest}}}"
