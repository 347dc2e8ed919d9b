"""What each changed value is worth, beyond chance."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.effect import SEEDS, changeable, effect, effects, put_back, worth
from loadtests.tuning.objective import Weights
from loadtests.tuning.space import NETWORK_SECONDS
from loadtests.tuning.sweep import Search
from loadtests.tuning.tunables import Tunables, differences
from tests.loadtests.tuning.chains import bench
from tests.loadtests.tuning.searches import BUSY, searching
from tests.loadtests.tuning.tunings import GOOD, PATIENT


@pytest.fixture
def search() -> Iterator[Search]:
    with searching("slow_submit") as search:
        yield search


def test_each_value_is_told_by_what_is_lost_without_it(search: Search) -> None:
    seeds = search.seeds("effects", SEEDS)
    found = effects(search, search.score_apart(BUSY, seeds), seeds)
    assert {each.name for each in found} == set(differences(Tunables(), BUSY)) - {"total"}
    first, last = found[0], found[-1]
    assert first.name in {"read", "submit", "workers"}
    assert first.matters
    assert first.loss.low > 0.1 > abs(last.loss.mean)
    assert not last.matters
    assert first.after.enrolled < first.before.enrolled or first.after.orphans > first.before.orphans
    assert {"resolver", "form", "ra_spacing"}.isdisjoint(each.name for each in found if each.matters)


def scored(held: Bench, missed: tuple[int, ...], orphans: tuple[int, ...] = (0,) * 6) -> Scored:
    """Runs of ten thousand phones of which so many got no LSC, and so many certificates were left."""
    runs = tuple(
        msgspec.structs.replace(
            GOOD, phones=10_000, enrolled=10_000 - number, p50_seconds=0, p99_seconds=0, orphans=left
        )
        for number, left in zip(missed, orphans, strict=True)
    )
    each = [held.terms(PATIENT, run) for run in runs]
    return Scored(PATIENT, (runs,), each[0], 0.0)


@pytest.mark.parametrize(
    ("without", "matters"),
    [
        ((18, 17, 19, 18, 17, 19), True),
        ((13, 4, 25, 2, 1, 30), False),
        ((10, 10, 10, 11, 10, 10), False),
        ((12, 12, 12, 12, 12, 12), True),
        ((7, 8, 7, 8, 7, 8), False),
    ],
    ids=["surely worse", "worse by chance", "one phone more once", "always two more", "better"],
)
def test_what_matters_is_more_than_chance(without: tuple[int, ...], matters: bool) -> None:
    held = bench("slow_submit")
    known, other = (scored(held, missed) for missed in ((10,) * 6, without))
    found = effect(held, "submit", known, other, 1)
    assert found.matters is matters
    assert found.loss.mean == pytest.approx((sum(without) / 6 - 10) / 1000)


def test_orphans_that_hardly_count_matter_where_they_are_no_chance() -> None:
    held = replace(bench("slow_submit"), weights=Weights(orphans=0.0))
    known, other = scored(held, (10,) * 6), scored(held, (10,) * 6, (30, 31, 30, 29, 30, 31))
    found = effect(held, "hand_out_late", known, other, 1)
    assert found.loss.mean == 0
    assert found.matters
    assert not effect(held, "hand_out_late", known, scored(held, (10,) * 6, (0, 90, 0, 0, 80, 0)), 1).matters


def test_of_many_that_are_compared_one_must_stand_out_more() -> None:
    held = bench("slow_submit")
    known, other = scored(held, (10,) * 6), scored(held, (15, 11, 17, 12, 14, 15))
    assert effect(held, "submit", known, other, 1).matters
    assert not effect(held, "submit", known, other, 17).matters


def test_what_a_phone_is_worth_follows_the_weights() -> None:
    assert worth(Weights()) == pytest.approx(0.001)
    assert worth(Weights(missed=0.0)) == 0


def test_putting_the_phones_timer_back_takes_the_ras_total_along() -> None:
    back = put_back(BUSY, Tunables(), "read", NETWORK_SECONDS)
    assert (back.read, back.total, back.submit) == (10, 9, 9)


def test_a_total_that_is_all_the_phones_timer_leaves_cannot_be_put_back(search: Search) -> None:
    assert "total" in differences(search.start, PATIENT)
    assert "total" not in changeable(search, PATIENT)
    assert "total" in changeable(search, msgspec.structs.replace(PATIENT, total=40.0, submit=40.0))
