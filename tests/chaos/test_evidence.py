"""Patterns match the lines that the RA, CAPF and IIS write, and no others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chaos.evidence import any_number, at_least, failed_call, iis_row
from testbed.errors import CaRefused, CurlError
from testbed.ra.certsrv.calls import Stage
from tests.guide import guide_text, iis_rows

NUMBERS = some.integers(min_value=0, max_value=10**6)


@given(NUMBERS, NUMBERS)
def test_a_pattern_for_large_numbers_takes_those_and_no_smaller_ones(limit: int, number: int) -> None:
    assert bool(re.fullmatch(at_least(limit), str(number))) == (number >= limit)


def test_a_text_with_other_numbers_still_matches() -> None:
    pattern = any_number("Operation timed out after 10000 milliseconds (0 of 5 bytes)")
    assert re.fullmatch(pattern, "Operation timed out after 1 milliseconds (20 of 500 bytes)")
    assert not re.fullmatch(pattern, "Operation timed out after 1 milliseconds [20 of 500 bytes]")


def test_a_slow_login_is_the_guides_lines() -> None:
    failure = CurlError(28, "Operation timed out after 1 milliseconds with 0 bytes received")
    ra, est, capf = failed_call(Stage.LOGIN, failure)
    assert re.search(ra.pattern, guide_text())
    assert re.search(est.pattern, guide_text())
    assert re.search(capf.pattern, guide_text())


@pytest.mark.parametrize(
    ("stage", "cause", "rc", "rv"),
    [
        (Stage.LOGIN, "http_503", "22 (EST_ERR_AUTH_FAIL)", "22 (EST_ERR_AUTH_FAIL)"),
        (Stage.SUBMIT, "http_503", "11 (EST_ERR_HTTP_UNSUPPORTED)", "94 (EST_ERR_UNKNOWN)"),
        (Stage.SUBMIT, "denied", "25 (EST_ERR_CA_ENROLL_FAIL)", "94 (EST_ERR_UNKNOWN)"),
        (Stage.DOWNLOAD, "http_404", "14 (EST_ERR_HTTP_NOT_FOUND)", "14 (EST_ERR_HTTP_NOT_FOUND)"),
    ],
)
def test_a_refusal_is_told_by_its_stage(stage: Stage, cause: str, rc: str, rv: str) -> None:
    _, est, capf = failed_call(stage, CaRefused(cause, "why"))
    assert re.search(est.pattern, f"Enrollment failed with rc={rc}")
    assert re.search(capf.pattern, f"Enrollment rv = {rv} with pkcs7 length = 0")


def test_rows_of_the_guide_are_found_by_their_stage_and_no_other() -> None:
    rows = [" ".join(row) for row in iis_rows(guide_text())]
    submitted = [row for row in rows if re.search(iis_row(Stage.SUBMIT, 200).pattern, row)]
    assert submitted
    assert all("POST /certsrv/certfnsh.asp" in row for row in submitted)
    assert not [row for row in rows if re.search(iis_row(Stage.SUBMIT, 500).pattern, row)]
    assert [row for row in rows if re.search(iis_row(Stage.DOWNLOAD, 200).pattern, row)]
