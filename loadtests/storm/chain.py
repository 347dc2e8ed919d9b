"""The chain that a scenario describes: the lab alone, or with all that breaks it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Union

from loadtests.scenario import Scenario
from testbed.lab import Lab

if TYPE_CHECKING:
    from chaos.rig import Rig

Chain = Union[Lab, "Rig"]


def make_chain(scenario: Scenario, logs: Path, database: Path) -> Chain:
    """The chain, to be entered: a Rig, with the scenario's seed or 0, where it has a table `[chaos]`."""
    if scenario.chaos is None:
        return Lab(scenario.lab_settings, logs, database)
    from chaos.rig import Rig  # noqa: PLC0415 - its clients cost 0.1 s to load, which a lab alone has no use for

    return Rig(scenario.lab_settings, scenario.chaos, logs, database, scenario.seed or 0)


def generator_environment(chain: Chain) -> Mapping[str, str]:
    """What the load generator needs in its environment, where its clock can be shifted."""
    return {} if isinstance(chain, Lab) else chain.generator_environment
