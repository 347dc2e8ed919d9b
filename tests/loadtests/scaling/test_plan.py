import pytest

from loadtests.scaling.level import Level, Repeat
from loadtests.scaling.plan import LevelPlan, LevelSettings, measure_levels, next_level, with_repeat
from tests.loadtests.scaling.levels import repeat

ALONE_SECONDS = 0.1


class Chain:
    """Five places, a tenth of a second each; with more than `most` phones at a time, some fail."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.plans: list[LevelPlan] = []

    def measure(self, plan: LevelPlan) -> Repeat:
        self.plans.append(plan)
        return repeat(min(plan.concurrency, 5) / ALONE_SECONDS, 0.1 if plan.concurrency > self.most else 0.0)


def measured(
    chain: Chain, settings: LevelSettings | None = None, seed: int = 1, most: int = 1000
) -> list[Level]:
    return measure_levels(
        chain, settings or LevelSettings(), ALONE_SECONDS, seed, enough=lambda *_: len(chain.plans) >= most
    )


def test_there_are_six_levels_at_least() -> None:
    assert LevelSettings(highest=32).concurrencies == [1, 2, 4, 8, 16, 32]
    assert LevelSettings(highest=100).concurrencies == [1, 2, 4, 8, 16, 32, 64]


def test_levels_go_upwards_first_and_by_chance_afterwards() -> None:
    chain = Chain()
    levels = measured(chain)
    order = [plan.concurrency for plan in chain.plans]
    assert order[:7] == [1, 2, 4, 8, 16, 32, 64]
    assert sorted(order[7:14]) == sorted(order[14:]) == order[:7]
    assert order[7:14] != order[:7] != order[14:]
    assert [len(level.repeats) for level in levels] == [3] * 7


def test_a_level_at_which_phones_fail_is_the_last_and_not_measured_again() -> None:
    chain = Chain(most=16)
    levels = measured(chain)
    assert {level.concurrency: len(level.repeats) for level in levels} == {
        1: 3,
        2: 3,
        4: 3,
        8: 3,
        16: 3,
        32: 1,
    }


def test_no_more_is_measured_once_it_is_enough() -> None:
    assert sum(len(level.repeats) for level in measured(Chain(), most=8)) == 8


def test_what_was_interrupted_goes_on_where_it_was() -> None:
    whole, first, rest = Chain(), Chain(), Chain()
    measured(whole)
    known = measured(first, most=9)
    measure_levels(rest, LevelSettings(), ALONE_SECONDS, 1, enough=lambda *_: False, known=known)
    assert [*first.plans, *rest.plans] == whole.plans


@pytest.mark.parametrize("concurrency", [1, 8, 64])
def test_there_are_phones_enough_for_the_whole_time(concurrency: int) -> None:
    chain = Chain()
    measured(chain)
    for plan in (plan for plan in chain.plans if plan.concurrency == concurrency):
        rate = min(concurrency, 5) / ALONE_SECONDS
        assert plan.phones > rate * (plan.settle_seconds + plan.measured_seconds)


def test_a_slow_chain_is_measured_for_longer_but_not_for_ever() -> None:
    settings = LevelSettings(measured_seconds=6, least_phones=60, longest_seconds=20)
    plans = [next_level([], settings, alone, 1) for alone in (0.01, 0.2, 60.0)]
    assert [plan.measured_seconds for plan in plans if plan] == [6, 12, 20]


def test_a_measurement_is_added_to_its_level() -> None:
    levels = with_repeat([Level(4, [repeat(1.0)])], 2, repeat(2.0))
    levels = with_repeat(levels, 4, repeat(3.0))
    assert [(level.concurrency, len(level.repeats)) for level in levels] == [(2, 1), (4, 2)]
