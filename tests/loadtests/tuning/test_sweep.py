"""The search: spread evenly, stopped early, the same for the same seed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from loadtests.errors import Interrupted
from loadtests.tuning.space import DIMENSIONS, NETWORK_SECONDS, violations
from loadtests.tuning.sweep import Search, Sweep, SweepSettings
from loadtests.tuning.tunables import Tunables
from tests.loadtests.tuning.chains import bench

SMALL = SweepSettings(
    points=24, batch=8, screen_phones=30, kept=4, rounds=1, polishes=1, children=6, finalists=2, final_seeds=1
)


def searched(enough: Callable[[float], bool] = lambda _share: False, seed: int = 1) -> list[Sweep]:
    with ThreadPoolExecutor(1) as executor:
        search = Search(
            bench("slow_submit", "healthy", phones=60),
            Tunables(),
            seed,
            SMALL,
            executor,
            NETWORK_SECONDS,
            enough,
        )
        return list(search.run())


def test_what_is_found_is_better_than_the_default_and_keeps_the_rules() -> None:
    sweep = searched()[-1]
    assert sweep.default is not None
    assert sweep.best[0].loss < sweep.default.loss
    assert not list(violations(sweep.best[0].tunables, NETWORK_SECONDS))


def test_the_same_seed_searches_the_same_way() -> None:
    one, other, third = (searched(seed=seed)[-1] for seed in (5, 5, 6))
    assert [each.tunables for each in one.screened] == [each.tunables for each in other.screened]
    assert one.best[0].tunables == other.best[0].tunables
    assert [each.tunables for each in one.screened] != [each.tunables for each in third.screened]


def test_an_ra_that_does_not_block_keeps_its_processes() -> None:
    changes = {"ra.workers.model": "async", "ra.workers.processes": 4}
    held = bench("healthy", phones=20, **changes)
    with ThreadPoolExecutor(1) as executor:
        search = Search(held, Tunables(workers=4), 1, SMALL, executor, NETWORK_SECONDS)
        assert {each.tunables.workers for each in list(search.run())[-1].screened} == {4}


def test_hopeless_settings_are_given_up_early() -> None:
    sweep = searched()[-1]
    assert 0 < sum(each.stopped for each in sweep.screened) < len(sweep.screened)


def test_points_are_a_latin_hypercube() -> None:
    with ThreadPoolExecutor(1) as executor:
        search = Search(bench("healthy"), Tunables(), 1, SMALL, executor, NETWORK_SECONDS)
        points = search.points(20)
    for axis in range(len(DIMENSIONS)):
        assert sorted(int(point[axis] * 20) for point in points) == list(range(20))


def test_when_time_is_over_the_best_so_far_is_still_held_against_all_phones() -> None:
    sweep = searched(enough=lambda _share: True)[-1]
    assert len(sweep.screened) == SMALL.batch
    assert sweep.final
    assert not sweep.final[0].stopped


def test_an_interrupted_search_has_the_default_by_the_seeds_of_its_best() -> None:
    interrupted = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        search = Search(
            bench("slow_submit", phones=40), Tunables(), 1, SMALL, executor, NETWORK_SECONDS,
            interrupted=interrupted.is_set,
        )  # fmt: skip
        steps = search.run()
        next(steps)
        sweep = next(steps)
        interrupted.set()
        with pytest.raises(Interrupted):
            next(steps)
    assert len(sweep.screened) == SMALL.batch
    assert sweep.default_beside_best is not None
    ((default,),) = sweep.default_beside_best.outcomes
    ((best,),) = sweep.best[0].outcomes
    assert default.phones == best.phones == SMALL.screen_phones


def test_whoever_stops_asking_has_what_was_found() -> None:
    with ThreadPoolExecutor(1) as executor:
        search = Search(bench("healthy", phones=40), Tunables(), 1, SMALL, executor, NETWORK_SECONDS)
        steps = search.run()
        next(steps)
        sweep = next(steps)
    assert len(sweep.screened) == SMALL.batch
    assert sweep.best
