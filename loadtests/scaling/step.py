"""The last step of a capacity run: levels are measured while its time budget lasts, and both models made."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from loadtests.report import wording
from loadtests.scaling.demands import Limits
from loadtests.scaling.level import Level, Repeat
from loadtests.scaling.models import Models, model
from loadtests.scaling.plan import LevelBench, LevelPlan, LevelSettings, measure_levels
from loadtests.scaling.records import LevelRecords

_SHARE, _MOST_SECONDS = 0.3, 300.0
_USUAL_OVERHEAD_SECONDS = 5.0
_LEAST_SECONDS = 3.0


def reserved_seconds(budget_seconds: float) -> float:
    """How much of a run's time budget is kept for the levels; 0 where it would not be enough for them."""
    share = min(_SHARE * budget_seconds, _MOST_SECONDS)
    return share if settings_for(share) else 0.0


def settings_for(seconds: float, settings: LevelSettings = LevelSettings()) -> LevelSettings | None:  # noqa: B008 - frozen
    """The settings as they fit into that time: fewer repeats, then shorter ones; None when nothing fits."""
    besides = _USUAL_OVERHEAD_SECONDS + settings.settle_seconds
    levels = len(settings.concurrencies)
    for repeats in range(settings.repeats, 0, -1):
        each = seconds / (levels * repeats) - besides
        if each >= settings.measured_seconds or (repeats == 1 and each >= _LEAST_SECONDS):
            measured = min(each, settings.measured_seconds)
            return msgspec.structs.replace(settings, repeats=repeats, measured_seconds=measured)
    return None


@dataclass(slots=True)
class ModelStep:
    """Measures on `bench` what `records` lack, in `seconds` (None: as long as it takes).

    `alone_seconds` is about what one enrollment takes; `tell` is given a line for each measurement.
    """

    bench: LevelBench
    records: LevelRecords
    limits: Limits
    seed: int
    alone_seconds: float
    seconds: float | None
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _end: float | None = None
    _besides_seconds: float = _USUAL_OVERHEAD_SECONDS

    def run(self) -> Models:
        """The models; without any, and why, when there is no time for the levels.

        KeyboardInterrupt passes through: what was measured is on record, and the next run goes on with it.
        """
        known = self.records.read()
        settings = LevelSettings() if self.seconds is None else settings_for(self.seconds)
        if settings is None and not known:
            return Models(
                [], self.limits, note="the time budget left no room to measure levels of concurrency"
            )
        levels = known if settings is None else self._measured(known, settings)
        shutil.rmtree(self.records.folder, ignore_errors=True)
        return model(levels, self.limits, self.seed)

    def measure(self, plan: LevelPlan) -> Repeat:
        """Measure it on the bench, keep it, and tell of it."""
        began = self.clock()
        found = self.bench.measure(plan)
        took = self.clock() - began
        self._besides_seconds = took - plan.settle_seconds - plan.measured_seconds
        self.records.add(plan.concurrency, found, took)
        self.tell(described(plan, found) + self._left())
        return found

    def _left(self) -> str:
        """What is left of the time, in words; empty when there is no end to it."""
        return "" if self._end is None else f"; {wording.span(max(0.0, self._end - self.clock()))} left"

    def _last_moment(self) -> float | None:
        """When the time is over; what earlier measurements took is of it, too."""
        return None if self.seconds is None else self.clock() + self.seconds - self.records.spent_seconds

    def _measured(self, known: list[Level], settings: LevelSettings) -> list[Level]:
        end = self._end = self._last_moment()

        def enough(plan: LevelPlan, _: list[Level]) -> bool:
            needed = plan.settle_seconds + plan.measured_seconds + self._besides_seconds
            return end is not None and self.clock() + needed > end

        return measure_levels(self, settings, self.alone_seconds, self.seed, enough=enough, known=known)


def described(plan: LevelPlan, found: Repeat) -> str:
    """One measurement in one line."""
    failed = f", {found.failed_share:.1%} failed" if found.failed_share else ""
    return f"level {plan.concurrency:>3} at a time, {plan.repeat}: {found.per_second:.4g}/s{failed}"
