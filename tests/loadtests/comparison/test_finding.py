import pytest

from loadtests.comparison.finding import Verdict, judge


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.06, 1.3, Verdict.REGRESSION),
        (1.04, 1.3, Verdict.UNCLEAR),
        (0.98, 1.04, Verdict.SAME),
        (0.7, 0.9, Verdict.IMPROVEMENT),
        (0.9, 1.1, Verdict.UNCLEAR),
    ],
)
def test_a_verdict_needs_the_whole_interval_beyond_or_within_the_tolerance(
    low: float, high: float, verdict: Verdict
) -> None:
    assert judge(low, high, 0.05, more_is_worse=True) is verdict


def test_where_more_is_better_the_other_end_counts() -> None:
    assert judge(0.7, 0.9, 0.05, more_is_worse=False) is Verdict.REGRESSION
    assert judge(1.2, 1.3, 0.05, more_is_worse=False) is Verdict.IMPROVEMENT
    assert judge(0.0, 0.0, 0.05, more_is_worse=False) is Verdict.REGRESSION
