"""The search space: every point is a setting that keeps the rules."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.tuning.space import (
    DIMENSIONS,
    NETWORK_SECONDS,
    neighbours,
    point_of,
    rounded_down,
    tunables_at,
    violations,
)
from loadtests.tuning.tunables import KEYS, Tunables, differences

points = st.tuples(*[st.floats(0, 1, exclude_max=True)] * len(DIMENSIONS))


def test_everything_tunable_has_a_dimension() -> None:
    assert [each.name for each in DIMENSIONS] == list(KEYS)


@given(points)
def test_every_point_keeps_the_rules(point: tuple[float, ...]) -> None:
    assert not list(violations(tunables_at(point, NETWORK_SECONDS, blocking=True), NETWORK_SECONDS))


@given(points)
def test_every_point_lies_within_the_bounds(point: tuple[float, ...]) -> None:
    found = tunables_at(point, NETWORK_SECONDS, blocking=True)
    for each in DIMENSIONS:
        value = getattr(found, each.name)
        if each.scale == "choice":
            assert value in each.choices
        elif each.name not in ("total", *found.timers, "resolver"):
            assert each.low <= value <= each.high


@given(points)
def test_the_point_of_a_setting_is_near_the_one_it_came_from(point: tuple[float, ...]) -> None:
    found = tunables_at(point, NETWORK_SECONDS, blocking=True)
    again = tunables_at(point_of(found, NETWORK_SECONDS), NETWORK_SECONDS, blocking=True)
    assert again.read == pytest.approx(found.read, rel=0.05)
    assert (again.attempts, again.reuse, again.workers) == (found.attempts, found.reuse, found.workers)


def test_an_ra_without_blocking_workers_has_none_to_tune() -> None:
    assert tunables_at((0.99,) * len(DIMENSIONS), NETWORK_SECONDS, blocking=False).workers == 0


def test_the_defaults_break_the_rule_that_the_phone_outwaits_the_ra() -> None:
    (broken,) = violations(Tunables(), NETWORK_SECONDS)
    assert "hangs up after 10 s while the RA may take 50 s" in broken


def test_a_call_that_outlasts_its_enrollment_is_told() -> None:
    tunables = msgspec.structs.replace(Tunables(), read=30.0, total=8.0)
    assert [text for text in violations(tunables, NETWORK_SECONDS) if text.startswith("submit waits 10 s")]


@given(st.floats(0.5, 500))
def test_rounding_down_never_rounds_up(value: float) -> None:
    assert value * 0.85 <= rounded_down(value) <= value


@given(points)
def test_neighbours_differ_in_one_value_but_for_what_the_rules_take_along(point: tuple[float, ...]) -> None:
    found = tunables_at(point, NETWORK_SECONDS, blocking=True)
    near = neighbours(found, NETWORK_SECONDS, blocking=True)
    assert found not in near
    for each in near:
        assert not list(violations(each, NETWORK_SECONDS))
        changed = set(differences(found, each))
        assert len(changed) == 1 or changed & {"read", "total"}


def test_every_choice_has_its_alternatives_as_neighbours() -> None:
    found = tunables_at((0.5,) * len(DIMENSIONS), NETWORK_SECONDS, blocking=True)
    near = neighbours(found, NETWORK_SECONDS, blocking=True)
    assert {each.hand_out_late for each in near} == {False, True}
    assert len({each.workers for each in near}) == 6
    alone = neighbours(found, NETWORK_SECONDS, blocking=False)
    assert {each.workers for each in alone} == {found.workers}
