"""Tunables: a scenario's values, and a scenario with others."""

import msgspec
import pytest

from loadtests.scenario import Scenario, parse_scenario
from loadtests.tuning.tunables import KEYS, Tunables, differences, found_at


def test_the_defaults_are_those_of_a_scenario_that_says_nothing_but_its_retries() -> None:
    scenario = parse_scenario("[phones.retry]\nattempts = 3\n", "test")
    assert Tunables.of(scenario) == Tunables()


@pytest.mark.parametrize("name", KEYS)
def test_each_is_read_back_from_the_scenario_it_was_put_into(name: str) -> None:
    values = {
        "attempts": 5, "ra_retries": 2, "ra_stages": "repeatable", "hand_out_late": True, "handles": "one",
        "reuse": True, "workers": 12,
    }  # fmt: skip
    tunables = msgspec.structs.replace(Tunables(), **{name: values.get(name, 7.5)})
    assert Tunables.of(tunables.in_scenario(Scenario())) == tunables
    assert differences(tunables, Tunables()) == [name]


def test_an_enrollment_at_the_ra_is_made_to_end_before_the_phone_hangs_up() -> None:
    kept = msgspec.structs.replace(Tunables(), read=8.0, submit=20.0).keeping_rules(1.0)
    assert (kept.total, kept.submit, kept.login) == (7.0, 7.0, 7.0)


def test_stretching_leaves_tries_as_they_are() -> None:
    longer = Tunables().stretched(2)
    assert (longer.read, longer.submit, longer.attempts, longer.spacing) == (20, 20, 3, 30)


def test_a_value_is_found_by_its_dotted_key() -> None:
    assert found_at(Scenario(), "ra.timers.login_seconds") == 10
