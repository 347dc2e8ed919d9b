"""The search for a simulated chain's capacity: that of `estorm capacity`, in simulated time."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.search_folder import SearchFolder
from loadtests.capacity.searching import Search
from loadtests.capacity.simulated import SimulatedBench
from loadtests.report.capacity import write_capacity_report
from loadtests.simulation.settings import ChainModel
from loadtests.simulation.telling import Asked

# Simulated phones are cheap: queues of many servers near their limit need them to be told apart.
USUAL = SearchSettings(settle_seconds=60.0, least_phones=5000, least_phones_held=50_000)


@dataclasses.dataclass(frozen=True, slots=True)
class SimulatedSearch:
    """A search in `folder`, begun at `started`; `tell` is given a line for each trial.

    Its answer and its page are a capacity search's. It cannot be resumed, and need not be.
    """

    asked: Asked
    folder: Path
    started: datetime
    tell: Callable[[str], None]
    settings: SearchSettings = USUAL

    def run(self, command: str) -> Capacity:
        """The answer, as written beside its page; `command` is what repeats it from the folder."""
        asked, folder = self.asked, SearchFolder(self.folder)
        text = asked.scenario.to_toml()
        folder.run.scenario.write_text(text)
        bench = SimulatedBench(asked.model, asked.rules, asked.model.seed)
        display = SearchDisplay(self.tell, lambda _: None)
        found = Search(self._searched(), folder, display, bench).run()
        write_capacity_report(self.folder / "report.html", found, None, text, command)
        return found

    def _searched(self) -> Searched:
        model, scenario = self.asked.model, self.asked.scenario
        cores = model.overheads.cores * model.ra_nodes
        return Searched(
            scenario=scenario.name, target="", simulated=described(model), rules=list(scenario.slo.rules),
            seed=model.seed, started=self.started, machine=Machine(cores, cores),
            settings=self.settings,
        )  # fmt: skip


def described(model: ChainModel) -> str:
    """The simulated chain in words: `10 RAs and 1 CA in simulated time`."""
    ras, cas = (
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in ((model.ra_nodes, "RA"), (model.ca_nodes, "CA"))
    )
    return f"{ras} and {cas} in simulated time"
