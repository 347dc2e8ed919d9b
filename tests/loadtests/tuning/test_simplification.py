"""A setting without what makes no difference."""

from collections.abc import Iterator

import pytest

from loadtests.tuning.effect import SEEDS, changeable, effects
from loadtests.tuning.simplification import Simplified, simplified
from loadtests.tuning.sweep import Search
from loadtests.tuning.tunables import Tunables, differences
from tests.loadtests.tuning.searches import BUSY, searching


@pytest.fixture(scope="module")
def search() -> Iterator[Search]:
    with searching("slow_submit") as search:
        yield search


@pytest.fixture(scope="module")
def simple(search: Search) -> Simplified:
    return simplified(search, BUSY, lambda: False)


def test_what_makes_no_difference_stays_as_it_was(simple: Simplified) -> None:
    assert not {"resolver", "form", "ra_spacing"} & set(differences(Tunables(), simple.tunables))
    assert simple.tunables.submit == 55
    assert simple.finished


def test_what_went_back_is_told_with_what_was_tried(simple: Simplified) -> None:
    went = {each.name: each for each in simple.put_back}
    assert {"resolver", "form", "ra_spacing"} <= set(went)
    assert went["form"].tried == 8
    assert not any(each.matters for each in went.values())


def test_every_change_that_is_left_matters(search: Search, simple: Simplified) -> None:
    seeds = search.seeds("simplify", SEEDS)
    left = effects(search, search.score_apart(simple.tunables, seeds), seeds)
    assert {each.name for each in left} == set(changeable(search, simple.tunables))
    assert all(each.matters for each in left)


def test_without_time_nothing_is_put_back(search: Search) -> None:
    found = simplified(search, BUSY, lambda: True)
    assert found.tunables == BUSY
    assert not found.finished


def test_of_two_values_that_do_the_same_one_stays() -> None:
    """Either alone spares the RA a login; with both put back, that is lost."""
    both = Tunables(read=60.0, login=30.0, handles="one", reuse=True, workers=16)
    with searching("slow_login", phones=60) as search:
        found = simplified(search, both.keeping_rules(search.network_seconds), lambda: False)
    assert found.tunables.handles == "one" or found.tunables.reuse
