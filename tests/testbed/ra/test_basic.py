import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.ra.basic import BasicAccount

ACCOUNT = BasicAccount("capf", "pass:word é")


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_the_account_is_accepted_whatever_the_schemes_case() -> None:
    assert ACCOUNT.accepts(basic("capf:pass:word é"))
    assert ACCOUNT.accepts(basic("capf:pass:word é").replace("Basic", "bAsIc"))


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ", "Basic !!!", "Basic Zm9v", basic("capf:"), basic("CAPF:pass:word é"),
     basic("capf:pass:word é "), "Bearer " + basic("capf:pass:word é")[6:], "Basic é", basic("x" * 100_000)],
)  # fmt: skip
def test_anything_else_is_not(header: str) -> None:
    assert not ACCOUNT.accepts(header)


@given(st.text())
def test_no_header_breaks_the_check(header: str) -> None:
    assert not ACCOUNT.accepts(header)
