"""The storm: a lab (or the user's EST server), a fleet of phones, live progress.

    keys -> lab -> generator (Locust) -> journal -> course

This process only watches. Phones run in Locust's process, the RA and the CA in theirs; each one's end,
wanted or not, is noticed here, and the storm still comes back with its course.
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporters.targets import listed, read_urls
from loadtests.capf.device_table import DeviceTable
from loadtests.errors import GeneratorFailed, ScenarioError
from loadtests.est.client import parse_target
from loadtests.phones.csr_file import make_csr_file
from loadtests.phones.keys import make_key_file
from loadtests.phones.roster import Start, write_roster
from loadtests.results.journal import Attempt, JournalReader
from loadtests.scenario import Scenario
from loadtests.storm.chain import Chain, generator_environment, make_chain
from loadtests.storm.connections import keep_connections
from loadtests.storm.counters import RA_FRONT
from loadtests.storm.course import Course
from loadtests.storm.cpu import CpuMeter, child_running
from loadtests.storm.generator import EstServer, Generator, Output, Supplies
from loadtests.storm.interruption import Interruption, interruptions_noted
from loadtests.storm.observer import Observer
from loadtests.storm.orphan_watch import OrphanWatch, orphans_watched
from loadtests.storm.progress import Display, Tally
from loadtests.storm.prometheus import prometheus_beside, see_last_scrape
from loadtests.storm.resumption import Devices, enlist, recover
from loadtests.storm.run_folder import RunFolder
from testbed.scratch import scratch_directory

_TICK_SECONDS = 0.25
_START_SECONDS = 30.0
_TIMERS_OF_A_PHONE = 3
_GRACE_SECONDS = 15.0
_SLOWEST_CLOSED_RATE_PER_SECOND = 1.0


class Storm:
    """One storm. `run` it once; it leaves nothing running, whichever way it ends."""

    def __init__(
        self,
        scenario: Scenario,
        folder: RunFolder,
        display: Display,
        clock: Callable[[], float] = time.time,
        *,
        prometheus: bool = False,
        endpoints: Path | None = None,
    ) -> None:
        self._prometheus = prometheus
        self._endpoints = endpoints
        self._scenario = scenario
        self._folder = folder
        self._display = display
        self._clock = clock
        self._resumed = folder.devices.exists()

    def run(self, server: EstServer | None, observer: Observer | None = None) -> Course:
        """Enroll the scenario's phones at `server`, or in a lab of the storm's own when that is None.

        `observer` looks on, and may end it before all phones have ended.
        Raises PartFailed when the lab does not start, GeneratorFailed when Locust fails by itself.
        """
        with scratch_directory("storm") as scratch, contextlib.ExitStack() as owned:
            owned.enter_context(self._folder.locked())
            table = owned.enter_context(self._device_table())
            devices = Devices(self._folder, table, self._scenario.phones.retry.attempts)
            supplies = self._supplies(table, scratch)
            lab, endpoints = None, scratch / "endpoints.json"
            self._start_prometheus(owned)
            if server is None:
                lab, server = self._start_lab(owned)
                for path in filter(None, (endpoints, self._endpoints)):
                    lab.endpoints.write(path)
            output = Output(
                self._folder.path, self._folder.capf_trace, self._folder.generator_log,
                self._folder.metrics_targets, self._folder.name,
                endpoints if lab else None, self._folder.annotations,
            )  # fmt: skip
            clock = {} if lab is None else generator_environment(lab)
            generator = owned.enter_context(Generator(self._scenario, server, supplies, output, clock))
            orphans = owned.enter_context(orphans_watched(self._scenario, self._folder))
            watch = _Watch(self._scenario, self._folder, self._display, self._clock, _News(devices, orphans))
            course = watch.until_end(generator, lab, str(server.target), observer)
            keep_connections(lab, self._folder.connections)
            if self._prometheus:
                see_last_scrape()
            self._conclude(devices, course)
            return course

    def _device_table(self) -> DeviceTable:
        if not self._folder.devices.exists():
            return enlist(self._scenario, self._folder, self._clock())
        return recover(self._folder, self._scenario.phones.retry.attempts)

    def _supplies(self, table: DeviceTable, scratch: Path) -> Supplies:
        """Keys, and who starts: those that the device table says have yet to enroll."""
        phones, keys = self._scenario.phones, self._folder.keys
        starts = table.remaining(phones.retry.attempts)
        if not starts:
            raise ScenarioError(f"every phone of {self._folder.path} has enrolled or is out of tries")
        if phones.renew_from:
            shutil.copy(RunFolder(Path(phones.renew_from)).keys, keys)
        elif not keys.exists():
            self._make_keys(keys)
        roster = None
        if starts != [Start(index) for index in range(phones.count)]:
            roster = scratch / "roster.json"
            write_roster(roster, starts)
        return Supplies(
            keys, len(starts), roster,
            RunFolder(Path(phones.renew_from)).devices if phones.renew_from else None,
            table.finish_by(), self._make_requests(keys, scratch / "requests", 1 + starts[-1].index),
        )  # fmt: skip

    def _conclude(self, devices: Devices, course: Course) -> None:
        """Leave table and keys as they are to stay; a run that did not end in order keeps its keys."""
        devices.finish()
        missed = devices.table.never_tried() if course.ended_at > devices.table.finish_by() else 0
        if not (self._scenario.phones.keep_keys or course.interrupted or course.incidents):
            self._folder.keys.unlink()
        if self._resumed:
            course.incidents.append(
                "resumed after it had ended early; its duration, and rates made from it, span the pause"
            )
        if missed:
            course.incidents.append(f"{missed} phones were past their finish-by deadline and did not start")

    def _make_keys(self, path: Path) -> Path:
        phones = self._scenario.phones
        count = phones.key_pool_size or phones.count
        make_key_file(
            path, phones.key, count, lambda done: self._display.preparing("making keys", done, count)
        )
        return path

    def _make_requests(self, keys: Path, path: Path, count: int) -> Path | None:
        """The first `count` phones' CSRs, if they can be made before: one bound to TLS cannot."""
        scenario = self._scenario
        if not scenario.generator.prepare_requests or scenario.target.proof_of_possession:
            return None
        assert scenario.seed is not None
        make_csr_file(
            path, keys, scenario.seed, count,
            lambda done: self._display.preparing("making requests", done, count),
        )  # fmt: skip
        return path

    def _start_prometheus(self, owned: contextlib.ExitStack) -> None:
        if self._prometheus:
            url = owned.enter_context(prometheus_beside(self._folder.path, self._folder.prometheus))
            self._display.say(f"prometheus: {url}")

    def _start_lab(self, owned: contextlib.ExitStack) -> tuple[Chain, EstServer]:
        self._display.say("starting the lab: PKI, CA, RA")
        lab = make_chain(self._scenario, self._folder.logs, self._folder.database)
        owned.enter_context(lab)
        endpoints = lab.endpoints
        with self._folder.trust_anchor.open("ab") as roots:  # a resumed run has that of each part
            roots.write(Path(endpoints.trust_anchor).read_bytes())
        self._display.say(f"lab: RA {endpoints.ra}, CA {endpoints.ca}")
        jobs = {f"estorm-{part}": url for part, url in endpoints.metrics.items()}
        owned.enter_context(listed(self._folder.lab_targets, jobs, {"run": self._folder.name}))
        self._display.say(", ".join(f"metrics of {job}: {url}" for job, url in jobs.items()))
        target = parse_target(endpoints.ra)
        return lab, EstServer(target, self._folder.trust_anchor, endpoints.est_user, endpoints.est_password)


@dataclass(frozen=True, slots=True)
class _News:
    """Who is told of attempts that have ended."""

    devices: Devices
    orphans: OrphanWatch

    def take(self, new: Sequence[Attempt], now: float) -> None:
        self.devices.take(new)
        self.orphans.take(new, now)

    def settle(self, now: float) -> None:
        """No attempt is under way any more."""
        self.orphans.settle(now)


class _Watch:
    """Follows one running storm: its journal, its processes, its deadline."""

    def __init__(
        self,
        scenario: Scenario,
        folder: RunFolder,
        display: Display,
        clock: Callable[[], float],
        news: _News,
    ) -> None:
        self._scenario = scenario
        self._display = display
        self._news = news
        self._clock = clock
        self._reader = JournalReader(folder.path)
        self._metrics_targets = folder.metrics_targets
        self._metrics_told = False
        self._tally = Tally(scenario.phones.count, clock(), attempts_allowed=scenario.phones.retry.attempts)

    def until_end(
        self, generator: Generator, lab: Chain | None, target: str, observer: Observer | None
    ) -> Course:
        course = Course(target, self._clock())
        meter = CpuMeter(lambda: {"generator": generator.pid} | (self._lab_pids(lab) if lab else {}))
        meter.mark()
        if observer:
            observer.begin(lab)
        with interruptions_noted() as interruption:
            for _ in self._ticks(generator, course, interruption):
                new = self._take(course)
                self._tell_of_metrics()
                meter.sample() if self._tally.begun else meter.mark()
                if observer:
                    course.cut_short = observer.look(self._clock(), new, meter.seconds)
                for death in course.note_deaths(lab.deaths() if lab else []):
                    self._display.say(str(death))
                if course.cut_short:
                    break
            generator.stop()
            self._take(course)
            self._news.settle(self._clock())
        if interruption.came:
            course.interrupted = True
            course.incidents.append("interrupted; phones that had yet to start are dropped")
        _judge(generator, course)
        course.ended_at, course.cpu_seconds = self._clock(), meter.seconds()
        return course

    def _lab_pids(self, lab: Chain) -> dict[str, int]:
        """Those of the lab, and NGINX's own where that is the RA's front, which counts as the RA, too."""
        ra = self._scenario.ra
        if ra.front == "embedded":
            return lab.pids
        return lab.pids | {RA_FRONT: child_running(lab.pids["ra"], ra.nginx.program)}

    def _ticks(self, generator: Generator, course: Course, interruption: Interruption) -> Iterator[None]:
        """Yield regularly while the generator runs, and no longer than every timer and the user allow."""
        latest = course.started_at + longest_seconds(self._scenario)
        while generator.exit_code() is None and not interruption.came:
            yield
            if self._clock() > latest:
                course.incidents.append("the generator did not end in time and was stopped")
                return
            generator.ends_within(_TICK_SECONDS)

    def _tell_of_metrics(self) -> None:
        if not self._metrics_told and (urls := read_urls(self._metrics_targets)):
            self._metrics_told = True
            self._display.say(", ".join(f"metrics of {job}: {url}" for job, url in urls.items()))

    def _take(self, course: Course) -> list[Attempt]:
        new = list(self._reader.new())
        self._news.take(new, self._clock())
        if new and not self._tally.begun:
            self._tally.started_at = min(attempt.intended_start for attempt in new)
        course.attempts.extend(new)
        self._tally.add(new)
        self._display.storming(self._tally, self._clock())
        return new


def _judge(generator: Generator, course: Course) -> None:
    """Note a generator that failed; GeneratorFailed when nothing came of it."""
    if course.incidents or course.cut_short or generator.exit_code() == 0:
        return
    said = " | ".join(generator.last_lines())
    failure = f"the load generator ended with exit code {generator.exit_code()}; it said last: {said}"
    if not course.attempts:
        raise GeneratorFailed(failure)
    course.incidents.append(failure)


def longest_seconds(scenario: Scenario) -> float:
    """How long a storm may take from its generator's start: its arrivals, then every timer of a phone."""
    retry = scenario.phones.retry
    timer = max(scenario.phones.read_timeout_seconds, scenario.phones.handshake_timeout_seconds)
    timers = retry.attempts * _TIMERS_OF_A_PHONE * timer
    timers += (retry.attempts - 1) * retry.spacing_seconds
    arrivals = scenario.duration_seconds
    if arrivals is None:
        arrivals = scenario.phones.count / _SLOWEST_CLOSED_RATE_PER_SECOND
    return _START_SECONDS + arrivals + timers + _GRACE_SECONDS
