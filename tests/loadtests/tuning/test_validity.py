"""For which CA a recommendation is true."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from loadtests.tuning.space import NETWORK_SECONDS
from loadtests.tuning.sweep import Search, SweepSettings
from loadtests.tuning.tunables import Tunables
from loadtests.tuning.validity import P99_OF_MEDIAN, Validity, longest_stretch, validity
from testbed.ca.capacity_settings import LognormalTime
from testbed.ca.distributions import drawer
from tests.loadtests.tuning.chains import bench


@pytest.fixture(scope="module")
def found() -> Validity:
    """Of settings that wait 20 s for a submission, with an RA that any number of phones may ask."""
    best = msgspec.structs.replace(Tunables(), read=25.0, total=24.0, submit=20.0)
    with ThreadPoolExecutor(1) as executor:
        held = bench("healthy", phones=120, **{"ra.workers.model": "async"})
        found = validity(Search(held, Tunables(), 1, SweepSettings(), executor, NETWORK_SECONDS), best)
    assert found is not None
    return found


def test_it_is_needed_once_a_submission_may_take_the_default_ten_seconds(found: Validity) -> None:
    assert found.better_from_seconds is not None
    assert 6 <= found.better_from_seconds <= 13


def test_it_is_to_be_raised_once_a_submission_may_take_its_own_twenty(found: Validity) -> None:
    assert found.raise_from_seconds is not None
    assert 14 <= found.raise_from_seconds <= 30


def test_it_ceases_to_be_better_once_the_ca_is_too_slow_for_either(found: Validity) -> None:
    assert found.better_from_seconds is not None
    assert found.helpless_from_seconds is not None
    if found.better_until_seconds is not None:
        assert found.better_from_seconds < found.better_until_seconds


@pytest.mark.parametrize(
    ("held", "stretch"),
    [
        ([False, True, True, False], (1, 3)),
        ([True, False, True, True], (2, 4)),
        ([True, True], (0, 2)),
        ([False, False], (0, 0)),
        ([True, False, False], (0, 1)),
    ],
)
def test_of_several_stretches_the_longest_counts(held: list[bool], stretch: tuple[int, int]) -> None:
    begin, end = longest_stretch(held)
    assert (begin, end) == stretch or (begin == end and stretch[0] == stretch[1])


def test_every_step_it_was_found_by_is_kept_in_order(found: Validity) -> None:
    seconds = [each.p99_seconds for each in found.steps]
    assert len(seconds) > 11
    assert seconds == sorted(seconds)


def test_the_p99_is_that_of_the_distribution_drawn_from() -> None:
    draw = drawer(LognormalTime(5 / P99_OF_MEDIAN, 0.4), 1, "submit")
    drawn = sorted(draw() for _ in range(20_000))
    assert drawn[19_800] == pytest.approx(5, rel=0.05)
