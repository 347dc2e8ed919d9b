import pytest

from loadtests.planning.batches import Batches
from loadtests.planning.replication import played
from loadtests.planning.timeline import timeline
from tests.loadtests.planning.chains import two_workers


def test_a_timeline_adds_up_to_the_plan() -> None:
    batches = Batches(40, 8, 10.0, 0.0)
    moments = timeline(played(two_workers(), batches, 1, 0), batches.spacing_seconds, 2)
    width = moments[0].seconds
    assert (moments[-1].started, moments[-1].enrolled) == (40, 40)
    assert sum(each.ra_workers_busy or 0 for each in moments) * width == pytest.approx(40.0)
    assert max(each.ra_workers_busy or 0 for each in moments) <= 2
    assert [each.enrolled for each in moments] == sorted(each.enrolled for each in moments)


def test_a_long_plan_is_cut_into_at_most_240_slices() -> None:
    batches = Batches(1000, 1, 30.0, 0.0)
    assert 100 <= len(timeline(played(two_workers(), batches, 1, 0), 30.0, 2)) <= 240
