import pytest

from loadtests.capacity.margins import margins
from loadtests.results.slo import METRICS, Verdict, parse


def used(text: str, value: float | None, phones: int = 1000) -> list[float]:
    rule = parse(text)
    verdict = Verdict(rule.text, METRICS[rule.metric].unit, rule.threshold, value, None, "")
    return [margin.used for margin in margins([rule], [verdict], phones)]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("latency_p99_seconds <= 5s", 2.5, 0.5),
        ("latency_p99_seconds < 5s", 10.0, 2.0),
        ("throughput_per_second >= 20", 40.0, 0.5),
        ("enrolled_share >= 99%", 0.98, 2.0),
        ("failed_share <= 1%", 0.005, 0.5),
    ],
)
def test_a_rule_is_used_up_as_far_as_its_limit_is_near(text: str, value: float, expected: float) -> None:
    assert used(text, value) == [pytest.approx(expected)]


def test_that_none_failed_is_not_held_to_mean_that_none_ever_would() -> None:
    assert used("enrolled_share >= 99%", 1.0, phones=100) == [pytest.approx(0.5)]


@pytest.mark.parametrize(
    ("text", "value"),
    [("orphans == 0", 0.0), ("latency_p99_seconds <= 5s", None), ("enrolled >= 5", 9.0)],
)
def test_a_count_and_what_was_not_measured_leave_no_margin(text: str, value: float | None) -> None:
    assert used(text, value) == []
