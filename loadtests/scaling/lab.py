"""Levels measured on a lab: a storm of phones in a closed workload, on a fresh lab for each measurement."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from exporters.logs.iis_row import columns_of, row_of, stage_of
from loadtests.errors import GeneratorFailed
from loadtests.results import table as enrollments
from loadtests.scaling.curve import Array
from loadtests.scaling.demands import Demands, Limits, Variation, squared_variation
from loadtests.scaling.level import Repeat
from loadtests.scaling.plan import LevelPlan
from loadtests.scenario import Scenario
from loadtests.storm.measured import MeasuredStorm, Silent, storm_on_lab
from loadtests.streams import stream
from testbed.errors import PartFailed

_PAGES = ("login", "form", "submit", "download")
_CHALLENGED = b"401"
_LEAST_SAMPLES = 3
_FAILED = Repeat(0.0, None, None, None, 0, 1.0)


class LabLevels:
    """Storms of `scenario`'s phones, so many at a time, each in a folder of its own in `folder`, which stays.

    Keys are made once for all of them; `tell` is given a line when one fails. KeyboardInterrupt when the user
    interrupts a storm.
    """

    def __init__(self, scenario: Scenario, folder: Path, limits: Limits, tell: Callable[[str], None]) -> None:
        self._scenario, self._folder, self._limits, self._tell = scenario, folder, limits, tell

    def measure(self, plan: LevelPlan) -> Repeat:
        """Enroll for `settle_seconds` and `measured_seconds`, and count what ended in the latter.

        A chain or a generator that fails makes a measurement in which all phones failed.
        """
        path = self._folder / f"{plan.concurrency}-at-once-{plan.repeat}"
        shutil.rmtree(path, ignore_errors=True)
        try:
            found = self._storm(plan, path)
        except (PartFailed, GeneratorFailed) as failure:
            self._tell(f"level {plan.concurrency} at a time failed: {failure}")
            return _FAILED
        if found.course.interrupted:
            raise KeyboardInterrupt
        return repeat_of(found, plan, self._limits)

    def _storm(self, plan: LevelPlan, path: Path) -> MeasuredStorm:
        seconds = plan.settle_seconds + plan.measured_seconds
        return storm_on_lab(
            closed_scenario(self._scenario, plan),
            path,
            Silent(),
            keys=self._folder / "keys",
            enough=lambda attempts, now: (
                f"measured for {seconds:g} s"
                if attempts and now > min(each.started for each in attempts) + seconds
                else ""
            ),
        )


def closed_scenario(scenario: Scenario, plan: LevelPlan) -> Scenario:
    """The scenario as a closed workload of the plan's phones, at a CA with times of its own."""
    # A CA starts with its seed's first times: repeats would otherwise be the same phones' luck again.
    seed = stream(scenario.seed or 0, f"level {plan.concurrency} repeat {plan.repeat}").getrandbits(32)
    ca = msgspec.structs.replace(scenario.ca, seed=seed)
    phones = msgspec.structs.replace(scenario.phones, count=plan.phones, keep_keys=False)
    arrivals = msgspec.structs.replace(scenario.arrivals, closed_phones=plan.concurrency)
    return msgspec.structs.replace(scenario, phones=phones, arrivals=arrivals, ca=ca)


def repeat_of(found: MeasuredStorm, plan: LevelPlan, limits: Limits) -> Repeat:
    """What the storm says of the time after it had settled."""
    attempts = enrollments.build(found.course.attempts)
    begin = found.first_start + plan.settle_seconds
    ends = [each.done for each in found.course.attempts]
    end = min(begin + plan.measured_seconds, max(ends, default=begin))
    if end <= begin:
        return Repeat(0.0, None, None, None, 0, 0.0)
    counted = _between(attempts, begin, end)
    return counted_repeat(counted, end - begin, _demands(found, counted, limits))


def counted_repeat(counted: pl.DataFrame, seconds: float, demands: Demands | None) -> Repeat:
    """The measurement that attempts which ended within `seconds` make."""
    times = _times(counted)
    if not len(times):
        return Repeat(0.0, None, None, None, counted.height, 1.0 if counted.height else 0.0)
    median, tail = (float(value) for value in np.quantile(times, (0.5, 0.99)))
    failed = 1 - len(times) / counted.height
    return Repeat(len(times) / seconds, float(times.mean()), median, tail, counted.height, failed, demands)


def _demands(found: MeasuredStorm, counted: pl.DataFrame, limits: Limits) -> Demands | None:
    """From the first to the last sample of the counters in the time that counts, so that none is guessed.

    None when too little was seen.
    """
    if counted.is_empty():
        return None
    first, last = counted.select(first=pl.min("done"), last=pl.max("done")).row(0)
    moments = [sample.at for sample in found.samples if first <= sample.at <= last]
    if len(moments) < _LEAST_SAMPLES:
        return None
    begin, end = moments[0], moments[-1]
    done = len(_times(_between(counted, begin, end)))
    if not done:
        return None
    variation = variation_of(found.folder.logs, counted)
    usage = found.usage_between(begin, end)
    return Demands.of(usage, done / (end - begin), limits, _times(counted), variation)


def _between(attempts: pl.DataFrame, begin: float, end: float) -> pl.DataFrame:
    return attempts.filter(pl.col("done").is_between(begin, end, closed="right"))


def _times(attempts: pl.DataFrame) -> Array:
    """How long those took that enrolled."""
    return attempts.filter("enrolled")["service_time_seconds"].to_numpy()


def variation_of(logs: Path, counted: pl.DataFrame) -> Variation:
    """How much times vary: enrollments as the phones saw them, pages as the CA's own log has them.

    Signatures are made while a submission's page is, so a submission varies as they do, and more.
    """
    pages = page_seconds(logs)
    every = np.concatenate([pages[stage] for stage in _PAGES]) if pages else np.zeros(0)
    return Variation(
        enrollment=squared_variation(_times(counted)),
        page=squared_variation(every),
        signing=squared_variation(pages.get("submit", np.zeros(0))),
    )


def page_seconds(logs: Path) -> dict[str, Array]:
    """The seconds of every page that the CA's IIS logs in the folder have, by stage; challenges left out."""
    found: dict[str, list[float]] = {stage: [] for stage in _PAGES}
    for path in sorted(logs.glob("u_ex*.log")):
        columns = None
        for line in path.read_bytes().splitlines():
            if line.startswith(b"#Fields:"):
                columns = columns_of(line)
            row = row_of(line, columns) if columns else None
            if row is None or row.stem is None or row.status == _CHALLENGED:
                continue
            stage = stage_of(row.stem)
            if stage in found and row.taken is not None and row.taken.isdigit():
                found[stage].append(int(row.taken) / 1000)
    return {stage: np.array(seconds) for stage, seconds in found.items()} if any(found.values()) else {}
