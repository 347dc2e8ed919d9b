"""Which setting is recommended, and which of its values are worth changing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from loadtests.tuning.choice import effects, is_worse, put_back, recommended, simplified
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.space import NETWORK_SECONDS
from loadtests.tuning.sweep import Search, Sweep, SweepSettings
from loadtests.tuning.tunables import Tunables, differences
from tests.loadtests.tuning.chains import bench

FINE = Outcome(
    phones=100,
    enrolled=90,
    p50_seconds=2,
    p99_seconds=None,
    tries=100,
    timeouts=9,
    false_timeouts=4,
    orphans=4,
)
# Patience, and three values that do nothing for a CA with slow submissions.
BUSY = msgspec.structs.replace(
    Tunables(), read=60.0, total=59.0, submit=55.0, workers=16, resolver=2.0, form=8.0, ra_spacing=4.0
)


@pytest.fixture
def search() -> Iterator[Search]:
    with ThreadPoolExecutor(1) as executor:
        yield Search(
            bench("slow_submit", phones=100), Tunables(), 1, SweepSettings(), executor, NETWORK_SECONDS
        )


@pytest.mark.parametrize(
    "change",
    [{"enrolled": 88}, {"false_timeouts": 6}, {"orphans": 6}],
    ids=["phones", "answers", "certificates"],
)
def test_losing_more_of_anything_is_worse(change: dict[str, int]) -> None:
    assert is_worse([FINE], [msgspec.structs.replace(FINE, **change)])
    assert not is_worse([FINE], [FINE])


def test_a_p99_that_somebody_reached_is_better_than_none() -> None:
    reached = msgspec.structs.replace(FINE, p99_seconds=200.0)
    assert not is_worse([FINE], [reached])
    assert is_worse([reached], [FINE])
    assert is_worse([reached], [msgspec.structs.replace(FINE, p99_seconds=280.0)])


def test_a_setting_that_is_worse_somewhere_is_not_recommended_before_one_that_is_not() -> None:
    held = bench("slow_submit", "healthy", phones=60)
    patient = held.score(BUSY, [1])
    # Less is lost in all, but one condition is worse than under the default.
    selfish = msgspec.structs.replace(patient.outcomes[1][0], enrolled=10)
    unfair = type(patient)(BUSY, (patient.outcomes[0], (selfish,)), patient.terms, 0.0)
    sweep = Sweep(held.score(Tunables(), [1]), final=[unfair, patient])
    assert recommended(held, sweep) is patient


def test_what_makes_no_difference_stays_as_it_was(search: Search) -> None:
    found = simplified(search, search.bench.score(BUSY, [1]), lambda: False)
    assert not {"resolver", "form", "ra_spacing"} & set(differences(Tunables(), found.tunables))
    assert found.tunables.submit == 55


def test_without_time_nothing_is_put_back(search: Search) -> None:
    assert simplified(search, search.bench.score(BUSY, [1]), lambda: True).tunables == BUSY


def test_each_value_is_told_by_what_is_lost_without_it(search: Search) -> None:
    found = effects(search, BUSY)
    assert {each.name for each in found} == set(differences(Tunables(), BUSY))
    assert found[0].name in {"read", "submit", "workers"}
    assert found[0].loss > 0.1 > abs(found[-1].loss)
    assert (
        found[0].after.enrolled < found[0].before.enrolled or found[0].after.orphans > found[0].before.orphans
    )


def test_putting_the_phones_timer_back_takes_the_ras_total_along() -> None:
    back = put_back(BUSY, Tunables(), "read", NETWORK_SECONDS)
    assert (back.read, back.total, back.submit) == (10, 9, 9)
