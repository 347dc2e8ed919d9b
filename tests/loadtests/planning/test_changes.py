"""What could be changed in a chain, as a scenario has it."""

import msgspec

from loadtests.planning.changes import changes
from loadtests.simulation.settings import ChainModel
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaConnections, RaSettings


def settings(workers: RaWorkers, connections: RaConnections | None = None) -> dict[str, str]:
    ra = RaSettings(workers=workers, connections=connections or RaConnections())
    model = msgspec.structs.replace(ChainModel(), ra=ra)
    return {each.name: each.setting for each in changes(model)}


def test_twice_the_workers_are_a_setting_that_can_be_pasted() -> None:
    found = settings(RaWorkers("blocking"))
    assert found["10 RA workers instead of 5"] == "ra.workers.processes = 10"


def test_more_workers_than_a_scenario_may_have_are_no_setting() -> None:
    assert settings(RaWorkers("blocking", processes=40))["80 RA workers instead of 40"] == ""


def test_a_pool_is_doubled_only_where_it_can_be_too_small() -> None:
    small, large = (RaConnections(reuse_connections=True, pool_size=size) for size in (3, 6000))
    doubled = "6 connections in a pool of the RA instead of 3"
    assert settings(RaWorkers("async"), small)[doubled] == "ra.connections.pool_size = 6"
    assert settings(RaWorkers("async"), large)["12000 connections in a pool of the RA instead of 6000"] == ""
    assert doubled in settings(RaWorkers("blocking"), small)
    assert doubled not in settings(RaWorkers("blocking", processes=8), small)
