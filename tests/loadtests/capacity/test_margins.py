import polars as pl
import pytest

from loadtests.capacity.margins import margins
from loadtests.capacity.trial import Margin
from loadtests.results.slo import METRICS, Verdict, parse

TIMES = {"latency": pl.Series([1.0] * 97 + [6.0] * 3), "start_lag": pl.Series([0.1] * 100)}


def margin(text: str, value: float | None = None) -> Margin | None:
    rule = parse(text)
    verdict = Verdict(rule.text, METRICS[rule.metric].unit, rule.threshold, value, None, "")
    return next(iter(margins([rule], [verdict], 1000, TIMES)), None)


@pytest.mark.parametrize(
    ("text", "share", "allowed"),
    [
        ("latency_p99_seconds <= 5s", 0.03, 0.01),
        ("latency_p95_seconds < 5s", 0.03, 0.05),
        ("latency_p50_seconds <= 500 ms", 1.0, 0.5),
        ("start_lag_p99_seconds <= 1s", 0.0, 0.01),
    ],
)
def test_a_percentile_allows_a_share_of_phones_to_take_longer(
    text: str, share: float, allowed: float
) -> None:
    found = margin(text)
    assert found is not None
    assert [found.share, found.allowed] == pytest.approx([share, allowed])
    assert found.phones == 100


@pytest.mark.parametrize(
    ("text", "value", "share", "allowed"),
    [
        ("enrolled_share >= 99%", 0.98, 0.02, 0.01),
        ("failed_share <= 1%", 0.005, 0.005, 0.01),
        ("failed_share{EST_ERR_SSL_READ} <= 2%", 0.04, 0.04, 0.02),
        ("orphans_share <= 1%", 1.5, 1.0, 0.01),
    ],
)
def test_of_a_share_as_much_is_used_as_fails(text: str, value: float, share: float, allowed: float) -> None:
    found = margin(text, value)
    assert found is not None
    assert [found.share, found.allowed] == pytest.approx([share, allowed])
    assert found.used == pytest.approx(share / allowed)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("orphans == 0", 0.0),
        ("enrolled_share >= 100%", 1.0),
        ("latency_max_seconds <= 5s", 6.0),
        ("service_time_p99_seconds <= 5s", None),
        ("enrolled >= 5", 9.0),
        ("throughput_per_second >= 20", 40.0),
    ],
)
def test_what_allows_none_or_was_not_measured_leaves_no_margin(text: str, value: float | None) -> None:
    assert margin(text, value) is None
