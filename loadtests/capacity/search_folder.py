"""The folder of one search: what it was asked, every trial as it ended, the answer. docs/capacity.md.

scenario.toml     the scenario, its rules and seed included
search.json       how it is searched, and when that began
trials.jsonl      a line for each trial, written as it ends
trials/07/        what is kept of trial 7: summary.json, enrollments.parquet, scenario.toml
calibration.toml  what a plan needs: the lab's service times and overheads, of the first trial that tells
capacity.json     the answer
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtests.capacity.result import Searched
from loadtests.capacity.trial import Trial
from loadtests.errors import JournalError, ScenarioError
from loadtests.scenario import Scenario, read_scenario
from loadtests.storm.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class SearchFolder:
    """The paths, and what is in them."""

    path: Path

    @property
    def answer(self) -> Path:
        """`capacity.json`."""
        return self.path / "capacity.json"

    @property
    def calibration(self) -> Path:
        """`calibration.toml`; a user's server leaves none."""
        return self.path / "calibration.toml"

    @property
    def is_search(self) -> bool:
        """Whether a search was begun here."""
        return self._search.is_file()

    @property
    def trials_folder(self) -> Path:
        """What is kept of each trial."""
        return self.path / "trials"

    @property
    def keys(self) -> Path:
        """The phones' keys, until the search has ended."""
        return self.trials_folder / "keys"

    @property
    def _trials(self) -> Path:
        return self.path / "trials.jsonl"

    @property
    def _search(self) -> Path:
        return self.path / "search.json"

    @property
    def run(self) -> RunFolder:
        """The same as a run folder, to be locked."""
        return RunFolder(self.path)

    def begin(self, scenario: Scenario, searched: Searched) -> None:
        """Write what is asked."""
        self.trials_folder.mkdir()
        self.run.scenario.write_text(scenario.to_toml())
        self._search.write_bytes(msgspec.json.format(msgspec.json.encode(searched), indent=1) + b"\n")

    def add(self, trial: Trial) -> None:
        """Keep one more trial."""
        with self._trials.open("ab") as file:
            file.write(msgspec.json.encode(trial) + b"\n")

    def trials(self) -> list[Trial]:
        """The trials that ended; a line that was cut when the search was killed is none."""
        if not self._trials.exists():
            return []
        data = self._trials.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            self._trials.write_bytes(whole)
        try:
            return [msgspec.json.decode(line, type=Trial) for line in whole.splitlines()]
        except msgspec.DecodeError as error:
            raise JournalError(f"{self._trials}: not the trials of this version: {error}") from error

    def asked(self) -> tuple[Scenario, Searched]:
        """What was asked when it began; ScenarioError when this is no search that can be resumed."""
        for needed in (self.run.scenario, self._search):
            if not needed.is_file():
                raise ScenarioError(f"{self.path} is not a search to resume: it has no {needed.name}")
        try:
            searched = msgspec.json.decode(self._search.read_bytes(), type=Searched)
        except msgspec.DecodeError as error:
            raise ScenarioError(f"{self._search}: {error}") from error
        return read_scenario(self.run.scenario), searched
