"""What could be changed in a chain, as a scenario has it."""

import msgspec

from loadtests.planning.changes import changes
from loadtests.simulation.settings import ChainModel
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaSettings


def settings(workers: RaWorkers) -> dict[str, str]:
    model = msgspec.structs.replace(ChainModel(), ra=RaSettings(workers=workers))
    return {each.name: each.setting for each in changes(model)}


def test_twice_the_workers_are_a_setting_that_can_be_pasted() -> None:
    found = settings(RaWorkers("blocking"))
    assert found["10 RA workers instead of 5"] == "ra.workers.processes = 10"


def test_more_workers_than_a_scenario_may_have_are_no_setting() -> None:
    assert settings(RaWorkers("blocking", processes=40))["80 RA workers instead of 40"] == ""
