from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import ScenarioError
from loadtests.results import slo, table
from loadtests.results.journal import Attempt
from loadtests.results.measures import Measures, measure
from tests.loadtests import attempts


def measured(*of: Attempt, intended: int, orphans: int | None = 0) -> Measures:
    return measure(table.build(of), intended, orphans)


FOUR_OF_FIVE = measured(
    *(attempts.enrolled(index, at=index, latency=0.5) for index in range(4)),
    attempts.failed(4, at=4.0, latency=1.0),
    intended=5,
)


def verdict(rule: str, measures: Measures = FOUR_OF_FIVE) -> slo.Verdict:
    return slo.evaluate([slo.parse(rule)], measures).rules[0]


@pytest.mark.parametrize(
    ("rule", "value", "met"),
    [
        ("enrolled_share >= 80%", 0.8, True),
        ("enrolled_share >= 100%", 0.8, False),
        ("enrolled_share>=0.8", 0.8, True),
        ("failed_share <= 20%", 0.2, True),
        ("failed_share{EST_ERR_SSL_READ} <= 1%", 0.2, False),
        ("failed_share { EST_ERR_AUTH_FAIL } <= 1%", 0.0, True),
        ("failed{EST_ERR_SSL_READ} == 1", 1, True),
        ("dropped == 0", 0, True),
        ("orphans == 0", 0, True),
        ("orphans != 0", 0, False),
        ("latency_p99_seconds <= 5", 0.5, True),
        ("latency_p99_seconds <= 500ms", 0.5, True),
        ("latency_max_seconds < 0.5s", 0.5, False),
        ("service_time_p50_seconds > 0.1 min", 0.499, False),
        ("start_lag_p99_seconds <= 5ms", 0.001, True),
        ("throughput_per_second >= 10", 0.8, False),
        ("throughput_per_second >= 48/min", 0.8, True),
    ],
)
def test_a_rule_is_held_against_what_was_measured(rule: str, value: float, met: bool) -> None:
    found = verdict(rule)
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.met is met
    assert found.note == ""


def test_orphans_without_the_ca_database_are_unknown_and_do_not_fail_the_run() -> None:
    result = slo.evaluate(
        slo.parse_all(["enrolled_share >= 50%", "orphans == 0"]),
        measured(attempts.enrolled(), intended=1, orphans=None),
    )
    assert [rule.met for rule in result.rules] == [True, None]
    assert "database" in result.rules[1].note
    assert result.met is None
    assert not result.failed


def test_a_latency_rule_is_broken_when_no_phone_enrolled() -> None:
    found = verdict("latency_p99_seconds <= 5", measured(attempts.failed(), intended=1))
    assert (found.value, found.met, found.note) == (None, False, "no phone enrolled")


def test_rules_about_shares_and_times_are_unknown_when_no_phone_was_intended() -> None:
    nothing = measured(intended=0)
    assert verdict("enrolled_share >= 100%", nothing).met is None
    assert verdict("latency_p50_seconds <= 1", nothing).met is None


def test_one_rule_not_met_fails_the_run_whatever_is_unknown() -> None:
    rules = slo.parse_all(["orphans == 0", "enrolled_share >= 100%"])
    result = slo.evaluate(rules, measured(attempts.failed(), intended=1, orphans=None))
    assert result.met is False
    assert result.failed


def test_a_run_without_rules_meets_them_all() -> None:
    assert slo.evaluate([], FOUR_OF_FIVE).met is True


def test_every_metric_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "run-folder.md").read_text()
    assert [metric for metric in slo.METRICS if f"`{metric}`" not in text] == []


def test_rules_are_judged_in_the_order_they_are_written() -> None:
    rules = ["orphans == 0", "dropped == 0", "failed == 0"]
    assert [found.rule for found in slo.evaluate(slo.parse_all(rules), FOUR_OF_FIVE).rules] == rules


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("", "cannot be read"),
        ("enrolled_share", "cannot be read"),
        ("enrolled_share 100%", "cannot be read"),
        ("100% <= enrolled_share", "no metric '100%'"),
        ("enroled_share >= 1", "did you mean 'enrolled_share'"),
        ("cpu >= 1", "There are enrolled_share, failed_share"),
        ("orphans = 0", "no operator '='; use one of <= >="),
        ("orphans => 0", "no operator '=>'"),
        ("orphans ==", "'' is not a number"),
        ("orphans == none", "'none' is not a number"),
        ("orphans == -1", "'-1' is not a number of 0 or more"),
        ("orphans == 1e3", "no unit 'e3' here; use none"),
        ("orphans == 1%", "no unit '%' here; use none"),
        ("enrolled_share >= 5s", "no unit 's' here; use '%' or none"),
        ("latency_p99_seconds <= 5 h", "no unit 'h' here; use 's', 'ms', 'min' or none"),
        ("latency_p99_seconds{EST_ERR_NONE} <= 5", "not told by EST error"),
        ("failed_share{EST_ERR_NONE} <= 5", "no failure 'EST_ERR_NONE'"),
        ("failed_share{} <= 5", "no failure ''"),
        ("failed_share{SSL_READ} <= 5", "no failure 'SSL_READ'"),
        ("orphans == 0 or dropped == 0", "cannot be read"),
        ("orphans == \u0661", "is not a number"),
        ("x" * 300 + " == 1", "cannot be read"),
    ],
)
def test_a_bad_rule_is_refused_with_what_is_wrong_and_what_is_allowed(rule: str, complaint: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        slo.parse(rule)
    assert complaint in str(refusal.value)
    assert repr(rule[:200]) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(st.text())
def test_any_text_is_a_rule_or_refused_as_a_scenario_error(text: str) -> None:
    try:
        rule = slo.parse(text)
    except ScenarioError:
        return
    assert rule.metric in slo.METRICS


@given(
    st.sampled_from(sorted(slo.METRICS)),
    st.sampled_from(["<=", ">=", "<", ">", "==", "!="]),
    st.decimals(0, 10**6, places=3),
)
def test_a_rule_reads_back_as_it_was_written(metric: str, comparison: str, number: object) -> None:
    rule = slo.parse(f" {metric}  {comparison}{number} ")
    assert (rule.metric, rule.comparison, rule.threshold) == (metric, comparison, float(str(number)))
    assert slo.parse(rule.text) == rule


@given(st.integers(0, 1000))
def test_a_share_in_per_cent_equals_the_share_of_phones_it_names(enrolled: int) -> None:
    threshold = slo.parse(f"enrolled_share >= {enrolled // 10}.{enrolled % 10}%").threshold
    assert threshold == enrolled / 1000
