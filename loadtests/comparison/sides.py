"""Two sides, of a run or several each: every metric compared, within the reach of chance."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import stats

from loadtests.comparison import times
from loadtests.comparison.counts import Count, design_effect, ratio
from loadtests.comparison.finding import Finding, Verdict, judge
from loadtests.comparison.observed import Array, Observed
from loadtests.comparison.times import Difference, Side
from loadtests.results.slo import Unit

QUANTILES = (("latency p50", 0.50), ("latency p95", 0.95), ("latency p99", 0.99))
ONE_QUEUE = "cannot tell: too much of the run is one long queue; run longer, or several runs a side"
ONE_RUN = "run-to-run noise is not known from one run a side"
NEVER = "in no run"
_TOO_FEW_IN_TAIL = 10
# What CPU times are read to, on Linux: user's and system's in hundredths of a second, at both ends.
_CPU_READ_TO_SECONDS = 0.01
_LEAST_CPU_SECONDS = 0.001
_CPU_PARTS = ("RA", "CA", "generator")
Raw = Callable[[float], Finding]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How to judge: the smallest change that counts, the chance of any false alarm, and the dice."""

    tolerance: float = 0.05
    false_alarms: float = 0.05
    seed: int = 1

    def of(self, baseline: Side, other: Side) -> list[Finding]:
        """Each metric; a side has at least one run."""
        waiting = list(self._all(baseline, other))
        judged = max(1, sum(is_judged for is_judged, _ in waiting))
        # Bonferroni: an end of an interval is beyond the truth with this chance.
        each_side = self.false_alarms / judged
        return [make(each_side) for _, make in waiting]

    def _all(self, baseline: Side, other: Side) -> Iterator[tuple[bool, Raw]]:
        source = np.random.default_rng(self.seed)
        yield self._time("throughput", Unit.RATE, times.throughput(baseline, other, source), worse_up=False)
        differences = times.latencies(baseline, other, [quantile for _, quantile in QUANTILES], source)
        for (name, quantile), found in zip(QUANTILES, differences, strict=True):
            note = _thin(baseline, other, quantile)
            yield self._time(name, Unit.SECONDS, found, worse_up=True, note=note)
        yield from self._errors(baseline, other)
        for part in _CPU_PARTS:
            if all(part in run.cpu_seconds and run.enrolled for run in (*baseline, *other)):
                name = f"CPU of {part} per enrollment"
                yield self._time(name, Unit.SECONDS, _cpu(part, baseline, other), worse_up=True)

    def _time(
        self, metric: str, unit: Unit, found: Difference | None, *, worse_up: bool, note: str = ""
    ) -> tuple[bool, Raw]:
        if found is None:
            nothing = Finding(
                metric, unit, worse_up, None, None, None, None, None, Verdict.NOT_JUDGED,
                "a run has nothing to measure it by",
            )  # fmt: skip
            return False, lambda _: nothing
        judged = found.chance is not None or _freedom(found) > 0
        return judged, lambda each_side: self._timed(metric, unit, found, each_side, worse_up, note)

    def _timed(
        self, metric: str, unit: Unit, found: Difference, each_side: float, worse_up: bool, note: str
    ) -> Finding:
        before, after = statistics.mean(found.of_baseline), statistics.mean(found.of_other)
        change, half = _change(found), _half_width(found, each_side)
        if half is None:
            return Finding(
                metric, unit, worse_up, before, after, math.exp(change), None, None,
                Verdict.NOT_JUDGED, ONE_RUN,
            )  # fmt: skip
        if found.chance and found.chance.is_open and not _freedom(found):
            return Finding(
                metric, unit, worse_up, before, after, math.exp(change), None, None,
                Verdict.UNCLEAR, ONE_QUEUE,
            )  # fmt: skip
        low, high = math.exp(change - half), math.exp(change + half)
        verdict = judge(low, high, self.tolerance, more_is_worse=worse_up)
        return Finding(metric, unit, worse_up, before, after, math.exp(change), low, high, verdict, note)

    def _errors(self, baseline: Side, other: Side) -> Iterator[tuple[bool, Raw]]:
        both = (*baseline, *other)
        clumps = design_effect(*([_failures(run) for run in side] for side in (baseline, other)))
        yield self._share("phones that never enrolled", baseline, other, _failures, 1.0)
        for kind in sorted({kind for run in both for kind in run.troubled}):
            yield self._share(f"phones that met {kind}", baseline, other, partial(_met, kind), 1.0)
        if all(run.orphans is not None for run in both):
            yield self._share("orphans per phone", baseline, other, _orphans, clumps)

    def _share(
        self, metric: str, baseline: Side, other: Side, count: Callable[[Observed], Count], clumps: float
    ) -> tuple[bool, Raw]:
        before, after = [count(run) for run in baseline], [count(run) for run in other]
        is_open = len(before) + len(after) == 2 and times.are_one_queue(baseline, other)

        def make(each_side: float) -> Finding:
            if not any(each.happened for each in (*before, *after)):
                return Finding(metric, Unit.SHARE, True, 0.0, 0.0, None, None, None, Verdict.SAME, NEVER)
            found = ratio(before, after, each_side, clumps)
            verdict = judge(found.low, found.high, self.tolerance, more_is_worse=True)
            if is_open and verdict in (Verdict.REGRESSION, Verdict.IMPROVEMENT):
                return Finding(
                    metric, Unit.SHARE, True, _share_of(before), _share_of(after),
                    _finite(found.value), None, None, Verdict.UNCLEAR, ONE_QUEUE,
                )  # fmt: skip
            return Finding(
                metric, Unit.SHARE, True, _share_of(before), _share_of(after),
                _finite(found.value), found.low, _finite(found.high), verdict,
            )  # fmt: skip

        return any(each.happened for each in (*before, *after)), make


def _change(found: Difference) -> float:
    return statistics.mean(map(math.log, found.of_other)) - statistics.mean(map(math.log, found.of_baseline))


def _half_width(found: Difference, each_side: float) -> float | None:
    """The wider of what chance within the runs and what their scatter gives; None when neither is known."""
    halves = []
    if found.chance is not None:
        halves.append(found.chance.half_width(each_side))
    if freedom := _freedom(found):
        halves.append(_between(found, freedom) * float(stats.t.isf(each_side, freedom)))
    return max(halves, default=None)


def _freedom(found: Difference) -> int:
    return len(found.of_baseline) + len(found.of_other) - 2


def _between(found: Difference, freedom: int) -> float:
    """The standard error of the difference by how the runs of each side scatter, alike on both."""
    squares = 0.0
    for side in (found.of_baseline, found.of_other):
        logarithms = [math.log(value) for value in side]
        squares += sum((each - statistics.mean(logarithms)) ** 2 for each in logarithms)
    # Runs that read the same are not the same: they are no nearer than they can be read.
    variance = max(squares / freedom, found.read_to**2)
    return math.sqrt(variance * (1 / len(found.of_baseline) + 1 / len(found.of_other)))


def _cpu(part: str, baseline: Side, other: Side) -> Difference:
    def each(side: Side) -> tuple[float, ...]:
        return tuple(max(run.cpu_seconds[part], _LEAST_CPU_SECONDS) / run.enrolled for run in side)

    least = min(run.cpu_seconds[part] for run in (*baseline, *other))
    return Difference(
        each(baseline), each(other), None, _CPU_READ_TO_SECONDS / max(least, _LEAST_CPU_SECONDS)
    )


def _thin(baseline: Side, other: Side, quantile: float) -> str:
    fewest = min(len(run.latencies) for run in (*baseline, *other)) * (1 - quantile)
    return f"{fewest:.0f} attempts lie beyond it" if fewest < _TOO_FEW_IN_TAIL else ""


def _failures(run: Observed) -> Count:
    return _count(run, run.failed)


def _met(kind: str, run: Observed) -> Count:
    return _count(run, run.troubled.get(kind, np.empty(0)))


def _count(run: Observed, moments: Array) -> Count:
    return Count(len(moments), run.phones, _at(run, moments), _at(run, run.phone_starts))


def _orphans(run: Observed) -> Count:
    return Count(run.orphans or 0, run.phones)


def _at(run: Observed, moments: Array) -> Array:
    return np.asarray(np.clip(moments / run.span_seconds, 0.0, 1.0) if run.span_seconds else moments * 0)


def _share_of(counts: Sequence[Count]) -> float:
    return sum(each.happened for each in counts) / sum(each.phones for each in counts)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
