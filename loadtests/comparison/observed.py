"""A run as comparisons see it: when attempts were meant to start, how long they took, how phones fared."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from loadtests.errors import ScenarioError
from loadtests.results import summary as summaries
from loadtests.results import table as enrollments
from loadtests.results.summary import Summary
from loadtests.scenario import Scenario, read_scenario
from loadtests.storm.run_folder import find_run_folder

Array = NDArray[np.float64]
_OTHER_KINDS = {
    "capacity.json": "a capacity search", "plan.json": "a plan", "tune.json": "a tuning",
    "comparison.json": "a comparison",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Observed:
    """One run in numbers; moments are seconds from its first intended start.

    `starts` and `latencies` are of the attempts that enrolled, in order of their intended starts; `ends` is
    when each phone had enrolled, in order. `troubled` has for each EST error when the phones that met it were
    first meant to start. `orphans` is None when unknown; `cpu_seconds` are by part, of the whole run.
    """

    name: str
    phones: int
    starts: Array
    latencies: Array
    ends: Array
    phone_starts: Array
    failed: Array
    troubled: dict[str, Array]
    orphans: int | None
    cpu_seconds: dict[str, float]

    @property
    def enrolled(self) -> int:
        """Phones that got their LSC."""
        return len(self.ends)

    @property
    def span_seconds(self) -> float:
        """From the first intended start to the last."""
        return float(max(self.phone_starts[-1], self.starts[-1] if len(self.starts) else 0.0))

    @classmethod
    def of(
        cls, name: str, table: pl.DataFrame, phones: int, orphans: int | None, cpu_seconds: dict[str, float]
    ) -> Self:
        """From an enrollments table with at least one attempt."""
        begin = float(table.select(pl.min("intended_start")).item())
        moments = table.with_columns(pl.col("intended_start", "done") - begin)
        enrolled = moments.filter("enrolled").sort("intended_start")
        first = pl.col("intended_start").min()
        phone_starts = moments.group_by("phone").agg(first)
        troubled = moments.filter(~pl.col("enrolled")).group_by("est_error", "phone").agg(first)
        never = moments.filter(~pl.col("enrolled").any().over("phone")).group_by("phone").agg(first)
        done = enrolled.group_by("phone").agg(pl.col("done").max())["done"]
        return cls(
            name=name,
            phones=phones,
            starts=enrolled["intended_start"].to_numpy(),
            latencies=enrolled["latency_seconds"].to_numpy(),
            ends=np.sort(done.to_numpy()),
            phone_starts=_moments(phone_starts),
            failed=_moments(never),
            troubled={
                str(error): _moments(troubled.filter(est_error=error))
                for error in troubled["est_error"].unique().sort()
            },
            orphans=orphans,
            cpu_seconds=cpu_seconds,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder that was read."""

    path: Path
    scenario: Scenario
    summary: Summary
    observed: Observed


def read_run(path: Path) -> Run:
    """The run in the folder `path`; ScenarioError, JournalError say what it lacks."""
    for name, kind in _OTHER_KINDS.items():
        if (path / name).is_file():
            raise ScenarioError(f"{path} is the folder of {kind}; what is compared is runs of `estorm storm`")
    folder = find_run_folder(path)
    if not folder.summary.is_file():
        raise ScenarioError(f"{path} has no {folder.summary.name}: its run has not ended")
    scenario, summary = read_scenario(folder.scenario), summaries.read(folder.summary)
    table = enrollments.read(folder.enrollments)
    if table.is_empty():
        raise ScenarioError(f"{path} has no attempt that could be compared")
    spent = summary.cpu_seconds
    cpu = {"RA": spent.ra, "CA": spent.ca, "generator": spent.generator}
    known = {part: seconds for part, seconds in cpu.items() if seconds is not None}
    observed = Observed.of(folder.name, table, summary.phones.intended, summary.orphans, known)
    return Run(path, scenario, summary, observed)


def _moments(table: pl.DataFrame) -> Array:
    return np.sort(table["intended_start"].to_numpy())
