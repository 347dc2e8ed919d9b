"""A bench of real storms: each trial on a lab of its own, or on a user's server once that is at rest.

A lab is never used twice: to start one takes a second or two, and what a queue, a database or a cache has
kept of one trial cannot colour the next.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtests.arrivals.pacing import BUSY_SHARE, LAGGING_SECONDS
from loadtests.arrivals.schedule import LATE_SECONDS
from loadtests.capacity.judging import Observed, trial_of
from loadtests.capacity.keeping import keep_calibration
from loadtests.capacity.losing import Losing
from loadtests.capacity.offering import Offering, offering
from loadtests.capacity.trial import Trial, TrialPlan
from loadtests.capacity.window import Window
from loadtests.errors import GeneratorFailed
from loadtests.results.journal import Attempt
from loadtests.results.measures import Percentiles
from loadtests.results.slo import Rule
from loadtests.results.summary import Summary
from loadtests.results.usage import Usage
from loadtests.scenario import Scenario
from loadtests.storm.generator import EstServer
from loadtests.storm.measured import Enough, MeasuredStorm, storm_on_lab, storm_on_server
from loadtests.storm.progress import Display
from testbed.ca import database
from testbed.errors import PartFailed

_KEPT = {"summary.json", "enrollments.parquet", "scenario.toml"}
_MOST_KEYS = 100
_BASELINE_PHONES = 5
_LONGEST_BASELINES = 4
_REST_PHONES, _REST_TRIES, _REST_SECONDS = 4, 10, 3.0
_AT_REST, _AT_REST_SECONDS = 2.0, 0.05
_RESTLESS = "the server did not come to rest after the trial before"
# How much of the tightest limit of a latency the generator's own delay may be.
_LAG_SHARE = 0.05


class Interrupted(Exception):
    """The user wants an end; the trial under way is none."""


@dataclass(slots=True)
class StormBench:
    """Storms of `scenario` in folders below `folder`, at `server` or, without one, on labs.

    Raises Interrupted as the user does. `deadline` is a time of `clock` by which every trial has ended. What
    a plan needs of a lab is kept as the file `calibration`. `made` are the trials of a search that goes on.
    """

    scenario: Scenario
    rules: Sequence[Rule]
    seed: int
    folder: Path
    display: Display
    server: EstServer | None = None
    deadline: float | None = None
    calibration: Path | None = None
    made: Sequence[Trial] = ()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _baseline_p50_seconds: float | None = None
    _is_tired: bool = False

    def __post_init__(self) -> None:
        for trial in self.made:
            self._remember(trial)

    def trial(self, plan: TrialPlan) -> Trial:
        """Make it; a part that dies or a generator that fails is the trial's problem, not an exception."""
        began = self.clock()
        if self.server and self._is_tired and not self._comes_to_rest(plan.number):
            return _failed(plan, self.rules, _RESTLESS, self.clock() - began)
        offered = offering(self.scenario, plan, self.seed)
        watch = _Watch(plan, self._losing(plan, offered), self.clock, self.deadline)
        path = self.folder / f"{plan.number:02}"
        shutil.rmtree(path, ignore_errors=True)
        try:
            measured = self._storm(offered.scenario, path, watch.enough)
        except (PartFailed, GeneratorFailed) as failure:
            return _failed(plan, self.rules, str(failure), self.clock() - began)
        if measured.course.interrupted:
            raise Interrupted
        observed = self._observed(plan, offered, measured, watch, self.clock() - began)
        made = trial_of(plan, self.rules, observed)
        self._remember(made)
        is_quiet = not made.void and (plan.step == "baseline" or made.met)
        if self.calibration and self.server is None and is_quiet:
            keep_calibration(measured.folder, self.calibration)
        _strip(path)
        return made

    def _remember(self, made: Trial) -> None:
        if made.plan.step == "baseline":
            self._baseline_p50_seconds = made.latency_p50_seconds
        self._is_tired = not made.met or bool(made.problem)

    def _storm(self, scenario: Scenario, path: Path, enough: Enough) -> MeasuredStorm:
        keys = self.folder / "keys"
        if not scenario.phones.key_pool_size:
            phones = msgspec.structs.replace(scenario.phones, key_pool_size=_MOST_KEYS)
            scenario = msgspec.structs.replace(scenario, phones=phones)
        if self.server is None:
            return storm_on_lab(scenario, path, self.display, keys=keys, enough=enough)
        return storm_on_server(scenario, self.server, path, self.display, keys=keys, enough=enough)

    def _losing(self, plan: TrialPlan, offered: Offering) -> Losing | None:
        """A hold is measured to its end: one that is lost by far says as much as one that holds."""
        if plan.step in ("baseline", "hold"):
            return None
        attempts = self.scenario.phones.retry.attempts
        return Losing(self.rules, offered.settling, offered.measured, attempts)

    def _observed(
        self, plan: TrialPlan, offered: Offering, storm: MeasuredStorm, watch: "_Watch", took: float
    ) -> Observed:
        attempts, cut = storm.course.attempts, storm.course.cut_short
        if not attempts:
            return _nothing(f"no phone ended its attempt: {cut or '; '.join(storm.course.incidents)}", took)
        window = _window(plan, offered, storm)
        table = window.attempts(attempts)
        intended = table["index"].n_unique() if plan.rate_per_second is None or cut else offered.measured
        orphans = storm.summary.orphans
        if self.server is None:
            orphans = window.orphans(database.issued(storm.folder.database), attempts)
        deaths, measures = storm.course.deaths, window.measures(attempts, intended, orphans)
        return Observed(
            measures, window.times(attempts),
            storm.usage_between(window.begin, window.end), window.halves(attempts).p50_seconds(),
            bool(generator_trouble(storm.summary, measures.start_lag_seconds, self.rules)), took,
            cut_short="" if watch.is_baseline_done else cut,
            lost_rule=watch.lost_rule,
            problem=str(deaths[0]) if deaths else watch.overdue,
        )  # fmt: skip

    def _comes_to_rest(self, number: int) -> bool:
        """Wait until one phone at a time enrolls about as fast as it did at first; False: it does not."""
        limit = (self._baseline_p50_seconds or 0.0) * _AT_REST + _AT_REST_SECONDS
        for attempt in range(_REST_TRIES):
            took = self._one_at_a_time(number, attempt)
            if took and took[len(took) // 2] <= limit:
                return True
            if self._is_over:
                return False
            self.sleep(_REST_SECONDS)
        return False

    def _one_at_a_time(self, number: int, attempt: int) -> list[float]:
        """How long each of a few phones took that enrolled, the shortest first."""
        plan = TrialPlan("baseline", number, None, 0.0, 1.0)
        offered = offering(self.scenario, plan, self.seed + attempt + 1)
        path = self.folder / f"{number:02}-rest"
        shutil.rmtree(path, ignore_errors=True)
        found = self._storm(
            offered.scenario,
            path,
            lambda seen, _: "enough" if len(seen) >= _REST_PHONES or self._is_over else "",
        )
        if found.course.interrupted:
            raise Interrupted
        shutil.rmtree(path, ignore_errors=True)
        return sorted(each.done - each.intended_start for each in found.course.attempts if each.enrolled)

    @property
    def _is_over(self) -> bool:
        return self.deadline is not None and self.clock() > self.deadline


@dataclass(slots=True)
class _Watch:
    """Ends a trial that need not go on."""

    plan: TrialPlan
    losing: Losing | None
    clock: Callable[[], float]
    deadline: float | None
    overdue: str = ""
    is_baseline_done: bool = False
    _seen: int = 0

    @property
    def lost_rule(self) -> str:
        return self.losing.rule if self.losing else ""

    def enough(self, attempts: Sequence[Attempt], now: float) -> str:
        new = attempts[self._seen :]
        self._seen = len(attempts)
        if self.deadline is not None and self.clock() > self.deadline:
            self.overdue = "the time budget was used up while it ran"
            return self.overdue
        if self.plan.rate_per_second is None:
            return self._baseline(attempts, now)
        return self.losing.why(new) if self.losing else ""

    def _baseline(self, attempts: Sequence[Attempt], now: float) -> str:
        if not attempts:
            return ""
        since = now - attempts[0].intended_start - self.plan.settle_seconds
        enough = len(attempts) >= _BASELINE_PHONES
        if since < self.plan.measured_seconds * (1 if enough else _LONGEST_BASELINES):
            return ""
        self.is_baseline_done = True
        return "the baseline is known"


def generator_trouble(summary: Summary, lag: Percentiles | None, rules: Sequence[Rule]) -> str:
    """Why the generator may be what broke a rule; "" when its own delay is small beside what rules allow.

    `lag` is how late the phones were started that are measured: those that settled the chain break no rule.
    """
    shares = [worker.cpu_share or 0.0 for worker in summary.generator.workers]
    if max(shares, default=0.0) > BUSY_SHARE:
        return f"the generator used {max(shares):.0%} of a core"
    limits = [rule.threshold for rule in rules if rule.metric.startswith("latency")]
    allowed = max(LATE_SECONDS, _LAG_SHARE * min(limits)) if limits else LATE_SECONDS
    if lag and lag.p99 > allowed:
        return f"p99 of start lag is {lag.p99:.3f} s"
    loop = summary.generator.event_loop_lag_p99_seconds or 0.0
    return f"p99 of event-loop lag is {loop:.3f} s" if loop > max(LAGGING_SECONDS, allowed) else ""


def _window(plan: TrialPlan, offered: Offering, storm: MeasuredStorm) -> Window:
    """Of an open trial the planned one, by the schedule; of a baseline what came after settling."""
    attempts, shape = storm.course.attempts, offered.scenario.shape
    if shape is None:
        first = storm.first_start
        starts = [each.intended_start for each in attempts]
        settle = min(plan.settle_seconds, max(starts) - first)
        return Window(first + settle, max(each.done for each in attempts))
    offsets = list(shape.offsets_seconds(offered.scenario.phones.count))
    zero = min(each.intended_start - offsets[each.index] for each in attempts if each.attempt == 1)
    end = zero + plan.settle_seconds + plan.measured_seconds
    if storm.course.cut_short:
        end = min(end, max(each.done for each in attempts))
    return Window(zero + plan.settle_seconds, max(end, zero + plan.settle_seconds))


def _nothing(problem: str, took: float) -> Observed:
    window = Window(0.0, 0.0)
    return Observed(window.measures([], 0, None), {}, Usage(), took_seconds=took, problem=problem)


def _failed(plan: TrialPlan, rules: Sequence[Rule], problem: str, took: float) -> Trial:
    return trial_of(plan, rules, _nothing(problem, took))


def _strip(path: Path) -> None:
    """Leave of a trial what numbers are made from; logs and databases of dozens of trials are a lot."""
    for each in path.iterdir():
        if each.name not in _KEPT:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
