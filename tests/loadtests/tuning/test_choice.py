"""Which setting is recommended."""

import msgspec
import pytest

from loadtests.tuning.choice import is_worse, is_worse_beyond_chance, recommended
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.sweep import Sweep
from loadtests.tuning.tunables import Tunables
from tests.loadtests.tuning.chains import bench
from tests.loadtests.tuning.tunings import PATIENT

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


def test_worse_beyond_chance_is_worse_in_pair_after_pair() -> None:
    default = [FINE] * 4
    surely, by_chance = (
        [msgspec.structs.replace(FINE, orphans=orphans) for orphans in found]
        for found in ((9, 8, 9, 8), (0, 20, 4, 2))
    )
    assert is_worse(default, surely)
    assert is_worse(default, by_chance)
    assert is_worse_beyond_chance(default, surely)
    assert not is_worse_beyond_chance(default, by_chance)


def test_a_p99_is_worse_beyond_chance_when_it_is_later_every_time() -> None:
    quick, slow = (msgspec.structs.replace(FINE, p99_seconds=seconds) for seconds in (20.0, 40.0))
    assert is_worse_beyond_chance([quick, quick], [slow, slow])
    assert not is_worse_beyond_chance([quick, quick], [quick, slow])
    assert is_worse_beyond_chance([quick, quick], [FINE, FINE])


def test_a_setting_that_is_worse_somewhere_is_not_recommended_before_one_that_is_not() -> None:
    held = bench("slow_submit", "healthy", phones=60)
    patient = held.score(PATIENT, [1])
    # Less is lost in all, but one condition is worse than under the default.
    selfish = msgspec.structs.replace(patient.outcomes[1][0], enrolled=10)
    unfair = type(patient)(PATIENT, (patient.outcomes[0], (selfish,)), patient.terms, 0.0)
    sweep = Sweep(held.score(Tunables(), [1]), final=[unfair, patient])
    assert recommended(held, sweep) is patient
