"""The recommendation in words."""

from loadtests.tuning.advice import advice, certainty, costs, holds
from loadtests.tuning.choice import Effect
from loadtests.tuning.tunables import KEYS, Tunables
from loadtests.tuning.validity import Validity
from tests.loadtests.tuning.tunings import BAD, GOOD, PATIENT, tuned


def test_a_reason_says_what_happens_where_the_value_stays_as_it_is() -> None:
    (found,) = advice(Tunables(), PATIENT, [Effect("submit", 0.4, "slow_submit", GOOD, BAD)])
    assert (found.key, found.default, found.recommended) == ("ra.timers.submit_seconds", 10, 55)
    assert "left as it is, under slow_submit, 20 of 60 phones enroll instead of 60" in found.reason
    assert "orphans 9 instead of 0" in found.reason


def test_a_value_that_hardly_matters_gets_no_figures() -> None:
    (found,) = advice(Tunables(), PATIENT, [Effect("total", 0.001, "healthy", GOOD, GOOD)])
    assert "left as it is" not in found.reason


def test_every_value_that_can_be_changed_has_a_reason() -> None:
    found = list(advice(Tunables(), PATIENT, [Effect(name, 0.0, "healthy", GOOD, GOOD) for name in KEYS]))
    assert all(each.reason for each in found)
    assert len({each.reason for each in found}) == len(KEYS)


def test_costs_name_patience_and_processes() -> None:
    found = " ".join(costs(PATIENT, [BAD], [GOOD]))
    assert "knows it after 60 s, and is busy for up to 240 s" in found
    assert "16 worker processes" in found


def test_it_is_said_when_to_raise_again() -> None:
    found = list(holds(Validity(6.2, None, 28.0, 25.0, ())))
    assert "raise the timers again when the CA's p99 passes 28 s" in found
    assert "better than the default at a p99 of submissions from 6.2 s on" in found


def test_where_no_timer_helps_the_ca_is_named_as_the_reason() -> None:
    assert any(
        "the CA is too slow for so many phones" in line for line in holds(Validity(6, 60, None, 25, ()))
    )


def test_a_recommendation_that_was_as_good_as_the_default_says_so() -> None:
    assert any("the default was as good" in line for line in holds(Validity(None, None, None, None, ())))


def test_how_sure_it_is_counts_gains_and_predictions() -> None:
    tune = tuned()
    text = certainty(tune.gains, tune.checks, 6)
    assert "better beyond chance (95 %) under slow_submit; worse under none" in text
    assert "On the lab 2 of 2 predicted timeout rates were right" in text
    assert "--simulate-only" in certainty(tune.gains, (), 6)
