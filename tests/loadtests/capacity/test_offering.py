import pytest

from loadtests.arrivals.settings import Shape
from loadtests.capacity.offering import check_searchable, offering
from loadtests.capacity.trial import TrialPlan
from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario, parse_scenario

PLAN = TrialPlan("hold", 7, 20.0, 5, 30)


def scenario(text: str = "") -> Scenario:
    return parse_scenario(f"seed = 1\n{text}", "here")


def test_a_trial_has_as_many_phones_as_arrive_while_it_lasts() -> None:
    found = offering(scenario(), PLAN, seed=1)
    assert (found.scenario.phones.count, found.settling, found.measured) == (700, 100, 600)
    assert found.scenario.arrivals.rate_per_second == 20


def test_phones_that_arrive_at_random_do_so_in_trials_too() -> None:
    found = offering(scenario("[arrivals]\nshape = 'poisson'"), PLAN, seed=1)
    assert found.scenario.arrivals.shape is Shape.POISSON
    assert found.measured == pytest.approx(600, rel=0.2)


def test_a_shape_that_is_not_a_rates_becomes_arrivals_at_random() -> None:
    found = offering(scenario("[arrivals]\nshape = 'morning_reset'"), PLAN, seed=1)
    assert found.scenario.arrivals.shape is Shape.POISSON


def test_a_baseline_is_one_phone_at_a_time() -> None:
    found = offering(scenario(), TrialPlan("baseline", 1, None, 5, 15), seed=1)
    assert found.scenario.arrivals.closed_phones == 1


def test_each_trial_has_phones_of_its_own_and_the_same_ones_when_it_is_made_again() -> None:
    first, other = offering(scenario(), PLAN, 1), offering(scenario(), TrialPlan("hold", 8, 20.0, 5, 30), 1)
    assert first == offering(scenario(), PLAN, 1)
    assert first.scenario.seed != other.scenario.seed
    assert first.scenario.ca.seed != other.scenario.ca.seed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[phones]\noperation = 'renew'", "renew"),
        ("[slo]\nrules = []", "--slo"),
        ("[target]\nmax_rate_per_second = 5.0\n[arrivals]\nshape = 'poisson'", "constant"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_what_to_do(text: str, why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        check_searchable(scenario(text))
