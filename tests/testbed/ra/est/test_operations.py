import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.est import operations as est
from testbed.ra.est.answers import Answers
from testbed.ra.est.operations import Operation
from testbed.ra.est.settings import EstSettings

ROOT = "/.well-known/est/"
ANSWERS = Answers(EstSettings())


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
    assert ANSWERS.refusal(refused.value).status == status


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
    assert ANSWERS.refusal(refused.value).status == 400


@pytest.mark.parametrize(
    "kind", ["application/pkcs10", "Application/PKCS10; charset=x", "application/pkcs10;a"]
)
def test_the_request_type_may_have_parameters(kind: str) -> None:
    est.check_request_type(kind, "100", chunked=False)


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
        est.check_request_type(kind, length, chunked=False)
    assert refused.value.error is error
    assert ANSWERS.refusal(refused.value).status == 400


def test_a_length_is_not_needed_where_chunks_are_taken() -> None:
    est.check_request_type("application/pkcs10", None, chunked=True)
