"""The CA's conditions: each changes one thing of the healthy CA."""

import pytest

from loadtests.errors import ScenarioError
from loadtests.scenario import parse_scenario
from loadtests.simulation.settings import Overheads
from loadtests.tuning.conditions import chosen, conditions, default_scenario
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from tests.loadtests.tuning.chains import condition, scenario


def test_there_are_six() -> None:
    assert [each.name for each in conditions(scenario())] == [
        "healthy", "slow_login", "slow_submit", "heavy_tailed", "overloaded", "outage",
    ]  # fmt: skip


def test_production_joins_them_where_its_ca_is_known() -> None:
    production = CapacitySettings(submit=ConstantTime(3))
    assert conditions(scenario(), production)[-1].capacity == production


def test_the_scenarios_own_ca_is_the_healthy_one_where_it_has_times() -> None:
    own = parse_scenario("[ca.capacity.form]\nkind = 'constant'\nseconds = 0.3\n", "test")
    healthy = conditions(own)[0]
    assert healthy.capacity == own.ca.capacity


def test_phones_come_faster_than_an_overloaded_ca_signs() -> None:
    of = default_scenario()
    signing = condition("overloaded", of).capacity.signing
    assert isinstance(signing, ConstantTime)
    assert signing.seconds == pytest.approx(1.2 / of.arrivals.rate_per_second, rel=0.1)


def test_an_outage_is_simulated_and_struck_on_the_lab() -> None:
    of, outage = scenario(), condition("outage")
    storm, model = outage.scenario(of), outage.model(of, Overheads(), 1)
    assert storm.chaos is not None
    (entry,) = storm.chaos.schedule
    assert (entry.fault, entry.at, entry.seconds) == ({"fault": "ca.hang"}, 60, 60)
    assert (model.outages[0].from_seconds, model.outages[0].until_seconds) == (60, 120)


def test_an_unknown_condition_is_named_with_those_there_are() -> None:
    with pytest.raises(ScenarioError, match="'foggy'; known are healthy, slow_login"):
        chosen(conditions(scenario()), ["foggy"])


def test_without_names_all_are_chosen() -> None:
    assert len(chosen(conditions(scenario()), [])) == 6


def test_phones_that_wait_for_each_other_cannot_be_tuned() -> None:
    closed = scenario(**{"arrivals.closed_phones": 5})
    with pytest.raises(ScenarioError, match=r"set arrivals\.closed_phones to 0"):
        conditions(closed)
