"""libEST's error numbers, against the ones the field has seen."""

import pytest

from testbed.est_errors import EstError


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "NONE"),
        (10, "HTTP_WRITE"),
        (22, "AUTH_FAIL"),
        (35, "SSL_READ"),
        (43, "IP_CONNECT"),
        (94, "UNKNOWN"),
    ],
)
def test_numbers_have_the_names_that_logs_print(number: int, name: str) -> None:
    assert f"{EstError(number)}" == f"EST_ERR_{name}"


def test_no_number_is_missing() -> None:
    assert [error.value for error in EstError] == list(range(95))
