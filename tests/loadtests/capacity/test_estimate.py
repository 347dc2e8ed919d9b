import math
import random

import pytest

from loadtests.capacity.estimate import Estimate, estimate
from loadtests.capacity.search import SearchSettings, decide
from loadtests.capacity.trial import Margin, Step, Trial, TrialPlan, Usage
from loadtests.results.slo import Slo, Unit, Verdict
from tests.loadtests.capacity.queueing import bench, true_limit

RULE = "latency_p99_seconds <= 1s"


def trial(number: int, step: Step, rate: float, used: float) -> Trial:
    verdict = Verdict(RULE, Unit.SECONDS, 1.0, used, used <= 1, "")
    plan = TrialPlan(step, number, rate, 0, 30)
    return Trial(
        plan, 5000, rate, 0.1, used, 0.0, Slo(used <= 1, [verdict]), [Margin(RULE, used)], Usage(), False
    )


def trials(slope: float, scatter: float, seed: int = 1) -> list[Trial]:
    """Around a limit of 100: used = (rate / 100) ** slope, with scatter."""
    source = random.Random(seed)
    rises = [trial(1, "rise", 80, 0.8), trial(2, "bisect", 120, 1.2)]
    held = [93.0, 100.0, 107.0] * 4
    return rises + [
        trial(3 + n, "hold", rate, (rate / 100) ** slope * math.exp(source.gauss(0, scatter)))
        for n, rate in enumerate(held)
    ]


def test_the_answer_is_where_the_line_crosses_the_limit() -> None:
    found = estimate(trials(slope=2, scatter=0.01))
    assert found is not None
    assert found.rate_per_second == pytest.approx(100, rel=0.01)
    assert (found.rule, found.method) == (RULE, "fit")


def test_the_interval_holds_the_truth_in_about_95_of_100_cases() -> None:
    found = [estimate(trials(slope=2, scatter=0.1, seed=seed)) for seed in range(200)]
    hits = sum(each is not None and each.low <= 100 <= each.high for each in found)
    assert 180 <= hits <= 199


def test_more_scatter_makes_a_wider_interval() -> None:
    narrow, wide = estimate(trials(2, 0.02)), estimate(trials(2, 0.1))
    assert narrow is not None
    assert wide is not None
    assert narrow.width < wide.width


def test_without_a_slope_the_bracket_is_all_that_is_known() -> None:
    found = estimate(trials(slope=0, scatter=0.3))
    assert found == Estimate(math.sqrt(80 * 120), 80, 120, RULE, "bracket")


def test_without_a_break_there_is_no_limit() -> None:
    assert estimate([trial(1, "rise", 80, 0.5), trial(2, "rise", 160, 0.9)]) is None


def test_the_capacity_of_a_queue_is_that_of_theory() -> None:
    table, made, settings = bench(workers=2, seed=3), list[Trial](), SearchSettings(settle_seconds=20)
    while isinstance(plan := decide(made, settings), TrialPlan):
        made.append(table.trial(plan))
    found = estimate(made)
    assert found is not None
    assert found.low <= true_limit(2) <= found.high
    assert found.width < 0.3
