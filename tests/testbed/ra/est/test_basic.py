import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.ra.est.accounts import Proof
from testbed.ra.est.basic import BasicAccount

ACCOUNT = BasicAccount("capf", "pass:word é", 'a"realm')


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def check(header: str) -> Proof:
    return ACCOUNT.check(header, "POST", "/")


def test_a_realm_cannot_leave_its_quotes() -> None:
    assert ACCOUNT.challenges() == (r'Basic realm="a\"realm"',)


def test_the_account_is_accepted_whatever_the_schemes_case() -> None:
    assert check(basic("capf:pass:word é")) is Proof.GOOD
    assert check(basic("capf:pass:word é").replace("Basic", "bAsIc")) is Proof.GOOD


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ", "Basic !!!", "Basic Zm9v", basic("capf:"), basic("CAPF:pass:word é"),
     basic("capf:pass:word é "), "Bearer " + basic("capf:pass:word é")[6:], "Basic é", basic("x" * 100_000)],
)  # fmt: skip
def test_anything_else_is_not(header: str) -> None:
    assert check(header) is Proof.WRONG


@given(st.text())
def test_no_header_breaks_the_check(header: str) -> None:
    assert check(header) is Proof.WRONG
