import pytest

from loadtests.capacity.losing import Losing
from loadtests.results.slo import parse_all
from testbed.est_errors import EstError
from tests.loadtests.attempts import enrolled, failed, retry


def losing(*rules: str, attempts: int = 1) -> Losing:
    """Of a trial that measures 100 phones, from index 50 on."""
    return Losing(parse_all(rules), first=50, phones=100, attempts_allowed=attempts)


def test_a_trial_is_lost_once_twice_as_many_are_late_as_the_rule_allows() -> None:
    trial = losing("latency_p95_seconds <= 1s")
    late = [enrolled(index, latency=1.5) for index in range(50, 61)]
    assert trial.why(late[:10]) == ""
    assert "latency_p95_seconds <= 1s" in trial.why(late[10:])
    assert trial.rule == "latency_p95_seconds <= 1s"


def test_phones_that_settle_the_chain_do_not_count() -> None:
    assert losing("latency_p99_seconds <= 1s").why([enrolled(i, latency=9) for i in range(50)]) == ""


@pytest.mark.parametrize("rule", ["enrolled_share >= 99%", "failed_share <= 1%"])
def test_failed_phones_lose_a_trial(rule: str) -> None:
    assert losing(rule).why([failed(index) for index in range(50, 53)])


def test_only_failures_of_the_rules_own_kind_count() -> None:
    trial = losing("failed_share{EST_ERR_AUTH_FAIL} <= 1%")
    assert trial.why([failed(index) for index in range(50, 60)]) == ""
    assert trial.why([failed(index, error=EstError.AUTH_FAIL) for index in range(60, 63)])


def test_a_phone_that_may_try_again_has_not_failed() -> None:
    trial = losing("enrolled_share >= 99%", attempts=2)
    tries = [failed(index) for index in range(50, 60)]
    assert trial.why(tries) == ""
    assert trial.why([retry(attempt, 2) for attempt in tries])


@pytest.mark.parametrize("rule", ["orphans == 0", "throughput_per_second >= 5", "start_lag_p99_seconds <= 1"])
def test_what_is_known_at_the_end_alone_loses_no_trial(rule: str) -> None:
    assert losing(rule).why([failed(index, latency=9) for index in range(50, 150)]) == ""
