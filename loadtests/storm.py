"""The storm: a lab (or the user's EST server), a fleet of phones, live progress, a run folder.

    keys -> lab -> generator (Locust) -> journal -> table -> summary.json, report.html

This process only watches. Phones run in Locust's process, the RA and the CA in theirs; each one's end,
wanted or not, is noticed here and the run still ends with a report.
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.cpu import CpuMeter
from loadtests.errors import GeneratorFailed
from loadtests.generator import EstServer, Generator, Output
from loadtests.journal import Attempt, JournalReader
from loadtests.keys import make_key_file
from loadtests.progress import Display, Tally
from loadtests.run_folder import RunFolder
from loadtests.scenario import Scenario
from testbed.lab import Lab
from testbed.scratch import scratch_directory

_TICK_SECONDS = 0.25
_START_SECONDS = 30.0
_TIMERS_OF_A_PHONE = 3
_GRACE_SECONDS = 15.0


@dataclass(slots=True)
class Course:
    """What a storm went like, as seen from outside: gathered while it ran."""

    started_at: float
    ended_at: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    incidents: list[str] = field(default_factory=list)
    interrupted: bool = False


class Storm:
    """One storm. `run` it once; it always comes back with its course, and leaves nothing running."""

    def __init__(
        self, scenario: Scenario, folder: RunFolder, display: Display, clock: Callable[[], float] = time.time
    ) -> None:
        self._scenario = scenario
        self._folder = folder
        self._display = display
        self._clock = clock

    def run(self, server: EstServer | None) -> Course:
        """Enroll the scenario's phones at `server`, or in a lab of its own when that is None."""
        with scratch_directory("storm") as scratch:
            keys = self._make_keys(scratch / "keys")
            with contextlib.ExitStack() as owned:
                lab = None
                if server is None:
                    lab, server = self._start_lab(owned)
                output = Output(self._folder.path, self._folder.capf_trace, self._folder.generator_log)
                generator = owned.enter_context(Generator(self._scenario, server, keys, output))
                return self._watch(generator, lab)

    def _make_keys(self, path: Path) -> Path:
        phones = self._scenario.phones
        count = phones.key_pool_size or phones.count
        make_key_file(
            path, phones.key, count, lambda done: self._display.preparing("making keys", done, count)
        )
        return path

    def _start_lab(self, owned: contextlib.ExitStack) -> tuple[Lab, EstServer]:
        self._display.say("starting the lab: PKI, CA, RA")
        lab = owned.enter_context(Lab(self._scenario.lab_settings, self._folder.logs, self._folder.database))
        endpoints = lab.endpoints
        shutil.copy(endpoints.trust_anchor, self._folder.trust_anchor)
        self._display.say(f"lab: RA {endpoints.ra}, CA {endpoints.ca}")
        server = EstServer(
            endpoints.ra, self._folder.trust_anchor, endpoints.est_user, endpoints.est_password
        )
        return lab, server

    def _watch(self, generator: Generator, lab: Lab | None) -> Course:
        pids = {"generator": generator.pid} | (lab.endpoints.pids if lab else {})
        meter, course = CpuMeter(pids), Course(self._clock())
        tally = Tally(self._scenario.phones.count, course.started_at)
        reader = JournalReader(self._folder.path)
        meter.mark()
        try:
            for _ in self._ticks(generator, course):
                self._take(reader, course, tally)
                meter.sample() if tally.ended else meter.mark()
                self._note_deaths(lab, course)
        except KeyboardInterrupt:
            course.interrupted = True
            course.incidents.append("interrupted by the user")
        finally:
            generator.__exit__(None, None, None)
        self._take(reader, course, tally)
        course.ended_at, course.cpu_seconds = self._clock(), meter.seconds()
        return course

    def _ticks(self, generator: Generator, course: Course) -> Iterator[None]:
        """Yield regularly while the generator runs, and no longer than every timer allows."""
        latest = course.started_at + longest_seconds(self._scenario)
        while (exit_code := generator.exit_code()) is None:
            yield
            if self._clock() > latest:
                course.incidents.append("the generator did not end in time and was stopped")
                return
            time.sleep(_TICK_SECONDS)
        if exit_code != 0:
            raise GeneratorFailed(
                f"the load generator ended with exit code {exit_code}; it said last: "
                f"{' | '.join(generator.last_lines())}"
            )

    def _take(self, reader: JournalReader, course: Course, tally: Tally) -> None:
        new = list(reader.new())
        if new and not tally.ended:
            tally.started_at = min(attempt.intended_start for attempt in new)
        course.attempts.extend(new)
        tally.add(new)
        self._display.storming(tally, self._clock())

    def _note_deaths(self, lab: Lab | None, course: Course) -> None:
        for death in lab.deaths() if lab else ():
            if str(death) not in course.incidents:
                course.incidents.append(str(death))
                self._display.say(str(death))


def longest_seconds(scenario: Scenario) -> float:
    """How long a storm may take from its generator's start: its arrivals, then every timer of a phone."""
    timers = _TIMERS_OF_A_PHONE * scenario.phones.read_timeout_seconds
    return _START_SECONDS + scenario.duration_seconds + timers + _GRACE_SECONDS
