"""A storm on a fresh lab and all that was measured of it: attempts, certificates, how busy each part was.

found = storm_on_lab(scenario, Path("trials/7"), Silent(), keys=Path("trials/keys"))
found.summary.latency_seconds, found.usage.ra_workers, found.certificates.orphaned
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from loadtests.errors import ScenarioError
from loadtests.phones.keys import make_key_file
from loadtests.results.account import Balance
from loadtests.results.journal import Attempt
from loadtests.results.summary import Summary
from loadtests.results.usage import Usage
from loadtests.results.writing import write_results
from loadtests.scenario import Scenario
from loadtests.storm.chain import Chain
from loadtests.storm.counters import CounterMeter, Sample, usage_between
from loadtests.storm.course import Course
from loadtests.storm.generator import EstServer
from loadtests.storm.progress import Display, Tally
from loadtests.storm.resumption import target_mark
from loadtests.storm.run import Storm
from loadtests.storm.run_folder import RunFolder
from testbed.settings import LabSettings

Enough = Callable[[Sequence[Attempt], float], str]


@dataclass(frozen=True, slots=True)
class MeasuredStorm:
    """One storm: its folder, its course with every attempt, `summary.json`, certificates and usage.

    `certificates` is None for a user's server. `usage` is that of the time from the first phone's start to
    the last phone's; `usage_between` gives another.
    """

    scenario: Scenario
    folder: RunFolder
    course: Course
    summary: Summary
    certificates: Balance | None
    samples: Sequence[Sample]
    lab: LabSettings | None

    @property
    def first_start(self) -> float:
        """When the first phone was to start, in seconds since the epoch; the storm's start without any."""
        return min((each.intended_start for each in self.course.attempts), default=self.course.started_at)

    @property
    def usage(self) -> Usage:
        """How busy everything was while phones started."""
        last = max((each.intended_start for each in self.course.attempts), default=self.course.started_at)
        return self.usage_between(self.first_start, last)

    def usage_between(self, begin: float, end: float) -> Usage:
        """How busy everything was from `begin` to `end`, seconds since the epoch."""
        return usage_between(self.samples, begin, end, self.lab)


def storm_on_lab(
    scenario: Scenario,
    path: Path,
    display: Display,
    *,
    keys: Path | None = None,
    enough: Enough | None = None,
    with_report: bool = False,
) -> MeasuredStorm:
    """Run `scenario`, seeded, whole on a lab of its own in the new folder `path`.

    `keys` is a key file to take the phones' keys from, made there first when there is none; phones share its
    keys in turn, so it may be smaller than the fleet. A lab's service times come from `ca.seed`: storms that
    are to be independent need each their own. `enough` is asked several times a second with all
    attempts so far and the time: what it says, if anything, ends the storm (`course.cut_short`), as a part's
    death then does. The course says whether the user interrupted. Raises PartFailed,
    GeneratorFailed, ScenarioError.
    """
    _check_readable(scenario)
    folder, observer = _prepared(scenario, path, display, keys), _Observer(enough)
    course = Storm(scenario, folder, display).run(None, observer)
    summary = write_results(scenario, folder, course, with_report=with_report)
    return MeasuredStorm(
        scenario, folder, course, summary, summary.certificates, observer.samples, scenario.lab_settings
    )


def storm_on_server(
    scenario: Scenario,
    server: EstServer,
    path: Path,
    display: Display,
    *,
    keys: Path | None = None,
    enough: Enough | None = None,
) -> MeasuredStorm:
    """The same on a user's server, of which only the attempts and the generator can be seen."""
    folder, observer = _prepared(scenario, path, display, keys), _Observer(enough)
    course = Storm(scenario, folder, display).run(server, observer)
    summary = write_results(scenario, folder, course, with_report=False)
    return MeasuredStorm(scenario, folder, course, summary, None, observer.samples, None)


def key_file(scenario: Scenario, path: Path, display: Display, most: int = 500) -> Path:
    """Keys of the scenario's type at `path`, made when there are none: one a phone, but `most` at most."""
    if not path.exists():
        count = min(scenario.phones.key_pool_size or scenario.phones.count, most)
        make_key_file(
            path, scenario.phones.key, count, lambda done: display.preparing("making keys", done, count)
        )
    return path


def command_folder(path: Path) -> Path:
    """The folder of the command of which a storm in `COMMAND/NAME` or `COMMAND/trials/NAME` is a step."""
    return path.parent.parent if path.parent.name == "trials" else path.parent


def _check_readable(scenario: Scenario) -> None:
    """The parts' counters are read over plain HTTP."""
    for table, part in (("ra", scenario.ra), ("ca", scenario.ca)):
        if part.metrics.web_config:
            raise ScenarioError(
                f"{table}.metrics.web_config keeps from being measured how busy the {table.upper()} is; "
                "leave it out here"
            )


def _prepared(scenario: Scenario, path: Path, display: Display, keys: Path | None) -> RunFolder:
    if scenario.seed is None:
        raise ScenarioError("a storm that is measured needs a scenario with a seed")
    folder = RunFolder(path.resolve(), command_folder(path.resolve()))
    try:
        folder.logs.mkdir(parents=True)
        folder.scenario.write_text(scenario.to_toml())
        if mark := target_mark(scenario):
            mark.write(folder.ca_mark)
        if keys:
            folder.keys.hardlink_to(key_file(scenario, keys, display))
    except OSError as error:
        raise ScenarioError(f"cannot make the run folder {path}: {error.strerror}") from error
    return folder


@dataclass(slots=True)
class _Observer:
    """Takes samples, and asks whether it is enough."""

    _enough: Enough | None
    _attempts: list[Attempt] = field(default_factory=list)
    _meter: CounterMeter = field(default_factory=lambda: CounterMeter([]))
    _lab: Chain | None = None

    @property
    def samples(self) -> Sequence[Sample]:
        return self._meter.samples

    def begin(self, lab: Chain | None) -> None:
        self._lab = lab
        self._meter = CounterMeter([*lab.endpoints.metrics.values()] if lab else [])

    def look(self, now: float, new: Sequence[Attempt], cpu_seconds: Callable[[], Mapping[str, float]]) -> str:
        self._meter.sample_if_due(now, cpu_seconds)
        self._attempts.extend(new)
        if self._enough is None:
            return ""
        deaths = self._lab.deaths() if self._lab else []
        return str(deaths[0]) if deaths else self._enough(self._attempts, now)


class Silent:
    """A display that shows nothing, for storms that are steps of something larger."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show nothing."""

    def storming(self, tally: Tally, now: float) -> None:
        """Show nothing."""

    def say(self, line: str) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
