"""The chain that a scenario describes: the lab alone, or with all that breaks it."""

from pathlib import Path

from chaos.rig import Rig
from loadtests.scenario import Scenario
from testbed.lab import Lab

Chain = Lab | Rig


def make_chain(scenario: Scenario, logs: Path, database: Path) -> Chain:
    """The chain, to be entered: a Rig, with the scenario's seed or 0, where it has a table `[chaos]`."""
    if scenario.chaos is None:
        return Lab(scenario.lab_settings, logs, database)
    return Rig(scenario.lab_settings, scenario.chaos, logs, database, scenario.seed or 0)
