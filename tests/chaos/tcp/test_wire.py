"""JSON in and out as Go has it."""

import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chaos.errors import ProxyRefused
from chaos.tcp.toxics.latency import Latency
from chaos.tcp.toxics.packet_loss import PacketLoss
from chaos.tcp.wire import ProxyFields, as_float32, encoded, filled, first_value, go_number


def refusal(body: bytes) -> str:
    with pytest.raises(ProxyRefused) as refused:
        first_value(body)
    assert refused.value.status == 400
    return str(refused.value)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "EOF"),
        (b"  ", "EOF"),
        (b'{"name": "a', "unexpected EOF"),
        (b"[1, 2", "unexpected EOF"),
        (b"{", "unexpected EOF"),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b"{name: 1}", "invalid character 'n' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
    ],
)
def test_a_body_that_is_no_json_is_refused_in_gos_words(body: bytes, why: str) -> None:
    assert refusal(body) == f"bad request body: {why}"


def test_what_follows_the_first_value_is_ignored() -> None:
    assert first_value(b'{"a": 1} and more') == {"a": 1}


@given(st.binary(max_size=200))
def test_any_body_is_a_value_or_a_refusal(body: bytes) -> None:
    with contextlib.suppress(ProxyRefused):
        first_value(body)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"1" * 100_000, b"[NaN]", b"\xff\xfe"])
def test_hostile_bodies_are_refused(body: bytes) -> None:
    assert refusal(body).startswith("bad request body: ")


def test_keys_match_in_any_case_null_changes_nothing_and_strangers_are_dropped() -> None:
    given_fields = {"NAME": "a", "Listen": None, "toxics": [1], "upstream": "b:1"}
    assert filled(ProxyFields(), given_fields) == ProxyFields("a", "", "b:1")


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"latency": "1"}, "string into Go struct field .attributes.latency of type int64"),
        ({"latency": 1.5}, "number 1.5 into Go struct field .attributes.latency of type int64"),
        ({"jitter": True}, "bool into Go struct field .attributes.jitter of type int64"),
        (
            {"jitter": 2**63},
            "number 9223372036854775808 into Go struct field .attributes.jitter of type int64",
        ),
        ([], "array into Go value"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_its_field(attributes: object, why: str) -> None:
    with pytest.raises(ProxyRefused) as refused:
        filled(Latency(), attributes, ".attributes")
    assert str(refused.value) == f"bad request body: json: cannot unmarshal {why}"


def test_attributes_are_merged_key_by_key() -> None:
    assert filled(Latency(latency=100), {"jitter": 5}) == Latency(latency=100, jitter=5)
    assert filled(PacketLoss(), {"loss_rate": 1}) == PacketLoss(loss_rate=1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, b"1"), (0.2, b"0.2"), (2.5, b"2.5"), (-1.0, b"-1"), (0.0, b"0"), (1e-7, b"1e-7"), (1e21, b"1e+21"),
     (123456789.0, b"123456790"), (0.00001, b"0.00001")],
)  # fmt: skip
def test_a_toxicity_is_written_in_its_shortest_float32_form(value: float, text: bytes) -> None:
    assert bytes(go_number(as_float32(value), single=True)) == text


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(3.4025001647762064e38)
def test_a_float32_reads_back_as_it_was_written(value: float) -> None:
    assert as_float32(float(json.loads(bytes(go_number(value, single=True))))) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_as_it_was_written(value: float) -> None:
    assert float(json.loads(bytes(go_number(value)))) == value


def test_a_toxicity_too_large_for_a_float32_is_refused() -> None:
    with pytest.raises(ProxyRefused, match="1e\\+39"):
        as_float32(1e39)


def test_markup_is_escaped_as_go_does() -> None:
    assert encoded({"name": "<&>"}) == b'{"name":"\\u003c\\u0026\\u003e"}'
