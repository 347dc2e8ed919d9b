"""Scenarios: read, refused with a reason, and written back the same."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import ScenarioError
from loadtests.scenario import Load, default_scenario, parse_scenario, read_scenario


def test_the_default_scenario_is_five_hundred_phones_at_a_steady_rate() -> None:
    scenario = default_scenario()
    assert (scenario.phones.count, scenario.arrivals.rate_per_second, scenario.seed) == (500, 25.0, 1)


def test_a_scenario_reads_back_as_it_was_written() -> None:
    scenario = default_scenario().with_load(Load(phones=3, duration_seconds=2))
    assert parse_scenario(scenario.to_toml(), "again") == scenario


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phone = 1", "unknown key `phone`; known are name, seed, phones"),
        ("[ra.timers]\nlogin = 3", "unknown key `login` in [ra.timers]; known are connect_seconds"),
        ("[phones]\ncount = 0", "`phones.count` is 0; it may be integer from 1 to 10000000"),
        ('[phones]\nkey = "dsa"', "`phones.key` is 'dsa'; it may be \"p-256\" or "),
        ("[ca]\nport = 99999", "`ca.port` is 99999; it may be integer from 0 to 65535"),
        ("[phones", "is not TOML"),
    ],
)
def test_a_wrong_scenario_is_refused_with_the_key_and_what_it_may_be(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        parse_scenario(text, "my.toml")
    assert str(refused.value).startswith("my.toml")
    assert said in str(refused.value)


@given(st.text(max_size=200))
def test_no_text_brings_anything_but_a_scenario_or_a_scenario_error(text: str) -> None:
    try:
        parse_scenario(text, "fuzz")
    except ScenarioError as error:
        assert "fuzz" in str(error)  # noqa: PT017


def test_a_file_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match=r"binary\.toml"):
        read_scenario(path)


def test_a_scenario_without_a_seed_gets_one_and_keeps_it() -> None:
    scenario = parse_scenario("", "empty").seeded(random.Random(7))
    assert scenario.seed == random.Random(7).getrandbits(32)
    assert scenario.seeded(random.Random(8)) == scenario


@pytest.mark.parametrize(
    ("load", "resolved"),
    [
        (Load(), (500, 25.0)),
        (Load(phones=10), (10, 25.0)),
        (Load(rate_per_second=5), (500, 5)),
        (Load(duration_seconds=4), (100, 25.0)),
        (Load(phones=10, duration_seconds=4), (10, 2.5)),
        (Load(rate_per_second=3, duration_seconds=4), (12, 3)),
        (Load(phones=12, rate_per_second=3, duration_seconds=4), (12, 3)),
    ],
)
def test_two_of_phones_rate_and_duration_decide_the_third(load: Load, resolved: tuple[int, float]) -> None:
    assert load.resolve(500, 25.0) == resolved


def test_three_that_disagree_are_refused() -> None:
    with pytest.raises(ScenarioError, match="give two of --phones, --rate and --duration"):
        Load(phones=10, rate_per_second=3, duration_seconds=4).resolve(500, 25.0)
