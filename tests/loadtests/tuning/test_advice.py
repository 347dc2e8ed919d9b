"""The recommendation in words."""

import msgspec

from loadtests.tuning.advice import advice, certainty, costs, holds, unchanged
from loadtests.tuning.effect import Effect
from loadtests.tuning.interval import Interval
from loadtests.tuning.tunables import KEYS, Tunables, Value
from loadtests.tuning.validity import Validity
from tests.loadtests.tuning.tunings import BAD, GOOD, PATIENT, tuned


def effect_of(name: str, tried: Value, loss: float, *, matters: bool) -> Effect:
    lost = Interval(loss, loss - 0.1, loss + 0.1)
    return Effect(name, tried, lost, matters, "slow_submit", GOOD, BAD)


def test_a_reason_says_what_happens_where_the_value_stays_as_it_is() -> None:
    found, *_ = advice(Tunables(), PATIENT, [effect_of("submit", 55.0, 0.4, matters=True)])
    assert (found.key, found.default, found.recommended) == ("ra.timers.submit_seconds", 10, 55)
    assert found.loss_without == 0.4
    assert found.lost_without == Interval(0.4, 0.4 - 0.1, 0.4 + 0.1)
    assert "left as it is, under slow_submit, 20 of 60 phones enroll instead of 60" in found.reason
    assert "orphans 9 instead of 0" in found.reason


def test_of_what_happens_only_that_is_told_which_changes() -> None:
    later = msgspec.structs.replace(GOOD, p99_seconds=90.0)
    lost = Interval(0.4, 0.3, 0.5)
    found, *_ = advice(Tunables(), PATIENT, [Effect("submit", 55.0, lost, True, "slow_submit", GOOD, later)])
    assert found.reason.endswith("left as it is, under slow_submit, p99 90.0 s instead of 20.0 s")


def test_a_value_that_is_no_better_than_chance_gets_no_figures() -> None:
    found, *_ = advice(Tunables(), PATIENT, [effect_of("submit", 55.0, 0.001, matters=False)])
    assert "left as it is" not in found.reason
    assert "no more than chance" in found.reason


def test_a_value_that_the_rules_have_changed_is_told_as_such() -> None:
    compared = [effect_of(name, 1.0, 0.1, matters=True) for name in ("read", "submit", "workers")]
    *_, last = advice(Tunables(), PATIENT, compared)
    assert (last.key, last.recommended, last.lost_without) == ("ra.timers.total_seconds", 59, None)
    assert "follows from the others by the rules" in last.reason


def test_values_that_there_was_no_time_to_compare_are_told_all_the_same() -> None:
    found = list(advice(Tunables(), PATIENT, None))
    assert {each.key for each in found} == {KEYS[name] for name in ("read", "total", "submit", "workers")}
    assert all("was not compared" in each.reason for each in found)


def test_every_value_that_can_be_changed_has_a_reason() -> None:
    found = list(advice(Tunables(), Tunables(), [effect_of(name, 1, 0.0, matters=False) for name in KEYS]))
    assert all(each.reason for each in found)
    assert len({each.reason for each in found}) == len(KEYS)


def test_what_went_back_is_told_with_what_was_tried() -> None:
    (found,) = unchanged(Tunables(), [effect_of("ra_spacing", 0.14, 0.002, matters=False)])
    assert (found.key, found.value, found.tried) == ("ra.retries.spacing_seconds", 1, 0.14)
    assert found.lost_without.low < 0 < found.lost_without.high


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
    assert "estorm tune --again" in certainty(tune.gains, (), 6)
