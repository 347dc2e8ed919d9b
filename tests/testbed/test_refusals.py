from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
import pytest

from testbed.bounds import Oid, Settings
from testbed.refusals import explain, explain_key


class Fixed(Settings, frozen=True, tag_field="kind", tag="fixed"):
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)]


class Drawn(Settings, frozen=True, tag_field="kind", tag="drawn"):
    mean_seconds: float


class Inner(Settings, frozen=True):
    time: Fixed | Drawn | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] | None = None


class Outer(Settings, frozen=True):
    hop: Literal["phone-ra", "ra-ca"] = "ra-ca"
    inner: Inner = Inner()
    rows: tuple[Inner, ...] = ()
    usage: Oid = "1.2.3"
    names: tuple[str, ...] = ()
    free: object = None


def refusal(table: object) -> str:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(table, Outer)
    return explain(refused.value, table, Outer)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"hop": "ca"}, '`hop` is \'ca\'; it may be "phone-ra" or "ra-ca"'),
        ({"inner": {"count": 0}}, "`inner.count` is 0; it may be integer from 1 to 9"),
        ({"inner": {"count": "many"}}, "`inner.count` is 'many'; it may be integer from 1 to 9"),
        ({"rows": [{}, {"count": 10}]}, "`rows[1].count` is 10; it may be integer from 1 to 9"),
        ({"inner": 3}, "`inner` is 3; it may be table"),
        ({"names": "a"}, "`names` is 'a'; it may be list of text"),
        (
            {"inner": {"time": {"kind": "late"}}},
            '`inner.time.kind` is \'late\'; it may be "drawn" or "fixed"',
        ),
        (
            {"inner": {"time": {"kind": "fixed", "seconds": -1}}},
            "`inner.time.seconds` is -1; it may be number from 0 to 3600",
        ),
        ({"usage": "server"}, "`usage` is 'server'; it may be text such as '1.3.6.1.5.5.7.3.2'"),
    ],
)
def test_a_wrong_value_is_told_with_what_it_may_be(table: Mapping[str, object], said: str) -> None:
    assert refusal(table) == said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"hops": 1}, "unknown key `hops`; known are hop, inner, rows, usage, names, free"),
        ({"inner": {"counts": 1}}, "unknown key `counts` in [inner]; known are time, count"),
        ({"rows": [{"counts": 1}]}, "unknown key `counts` in [rows[0]]; known are time, count"),
    ],
)
def test_an_unknown_key_is_told_with_those_that_are_known(table: Mapping[str, object], said: str) -> None:
    assert refusal(table) == said


def test_a_missing_key_is_told_with_its_table() -> None:
    table = {"inner": {"time": {"kind": "drawn"}}}
    assert refusal(table) == "the key `mean_seconds` is missing in [inner.time]"


def test_a_table_that_is_none_is_told_as_msgspec_has_it() -> None:
    assert refusal(3) == "Expected `object`, got `int`"


def test_a_long_value_is_cut() -> None:
    assert refusal({"hop": "x" * 1000}).startswith(f"`hop` is '{'x' * 59}...; it may be ")


@pytest.mark.parametrize(
    "key", ["hop", "inner", "inner.time", "inner.time.kind", "inner.time.mean_seconds", "rows"]
)
def test_a_key_that_a_table_may_have_needs_no_explanation(key: str) -> None:
    assert explain_key(key, Outer) == ""


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "unknown key ``; known are hop, inner, rows, usage, names, free"),
        ("inner.", "unknown key `` in [inner]; known are time, count"),
        ("inners.time", "unknown key `inners`; known are hop, inner, rows, usage, names, free"),
        ("inner.times.kind", "unknown key `times` in [inner]; known are time, count"),
        ("hop.x", "unknown key `x` in [hop]; known are none"),
        ("rows.count", "unknown key `count` in [rows]; known are none"),
        ("rows[0].count", "unknown key `rows[0]`; known are hop, inner, rows, usage, names, free"),
    ],
)
def test_a_key_that_no_table_has_is_told_with_those_that_are_known(key: str, said: str) -> None:
    assert explain_key(key, Outer) == said
