import pytest

from chaos.errors import ChaosError
from chaos.schedule import Entry
from chaos.settings import ChaosSettings
from loadtests.simulation.faults import outages_of
from loadtests.simulation.settings import Outage


def scheduled(*entries: Entry) -> ChaosSettings:
    return ChaosSettings(schedule=entries)


def test_a_scenario_without_faults_has_no_outage() -> None:
    assert outages_of(None, 1, 60.0) == ((), [])


@pytest.mark.parametrize(
    ("fault", "kind"), [("ca.hang", "hang"), ("ca.paused", "freeze"), ("dns.drop", "unresolved")]
)
def test_a_fault_that_befalls_everybody_is_an_outage(fault: str, kind: str) -> None:
    (outage,), left_out = outages_of(scheduled(Entry({"fault": fault}, at=6, seconds=4)), 1, 60.0)
    assert (outage.from_seconds, outage.until_seconds, outage.kind) == (6.0, 10.0, kind)
    assert left_out == []


def test_every_strike_is_one_as_far_as_phones_start() -> None:
    found, _ = outages_of(scheduled(Entry({"fault": "ca.hang"}, at=10, seconds=2, every=20)), 1, 60.0)
    assert found == (Outage(10, 12), Outage(30, 32), Outage(50, 52))


def test_a_strike_without_an_end_outlasts_the_night() -> None:
    (outage,), _ = outages_of(scheduled(Entry({"fault": "ca.paused"}, at=10)), 1, 60.0)
    assert outage.until_seconds > 10 * 24 * 3600


@pytest.mark.parametrize(
    "entry",
    [
        Entry({"fault": "tcp.latency"}, at=1, seconds=1),
        Entry({"fault": "ca.hang", "probability": 0.5}, at=1, seconds=1),
        Entry({"fault": "ca.hang", "stage": "submit"}, at=1, seconds=1),
        Entry({"fault": "ca.hang"}, by="enrolled", at=1, seconds=1),
    ],
)
def test_what_the_simulator_does_not_know_is_named_and_left_out(entry: Entry) -> None:
    assert outages_of(scheduled(entry), 1, 60.0) == ((), [str(entry.fault["fault"])])


def test_a_schedule_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ChaosError, match=r"no\.such"):
        outages_of(scheduled(Entry({"fault": "no.such"}, at=1)), 1, 60.0)
