"""Live progress of a search: a line for each trial, and one that moves while it runs."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.status import Status

from loadtests.capacity.trial import Trial, TrialPlan
from loadtests.report import wording
from loadtests.storm.progress import Spacing, Tally

_EVERY_SECONDS = 10.0


@dataclass(slots=True)
class SearchDisplay:
    """Shows a search. Is the display of the storms that are its trials, too, of which it shows the latencies.

    `line` writes what stays, `moving` what is replaced.
    """

    line: Callable[[str], None]
    moving: Callable[[str], None]
    _plan: TrialPlan | None = None
    _left_seconds: float | None = None

    def trying(self, plan: TrialPlan, left_seconds: float | None) -> None:
        """A trial begins, with this much left of the time budget."""
        self._plan, self._left_seconds = plan, left_seconds
        self.moving(f"{_name(plan)}: preparing{self._left()}")

    def tried(self, trial: Trial, left_seconds: float | None) -> None:
        """A trial has ended."""
        self._left_seconds = left_seconds
        self.line(f"{described(trial)}{self._left()}")

    def preparing(self, what: str, done: int, total: int) -> None:
        """Keys or requests are made."""
        if self._plan:
            self.moving(f"{_name(self._plan)}: {what} {done}/{total}{self._left()}")

    def storming(self, tally: Tally, now: float) -> None:
        """Phones enroll."""
        if self._plan:
            p99 = wording.seconds(tally.latency_seconds(0.99)) if tally.enrolled else "-"
            of = f" of {tally.intended}" if self._plan.rate_per_second else ""
            self.moving(
                f"{_name(self._plan)}: {tally.enrolled}{of} phones, {tally.rate_per_second(now):.1f}/s, "
                f"p99 {p99}{self._left()}"
            )

    def say(self, line: str) -> None:
        """What a storm says of its lab is nobody's news here, but how a part died is."""
        if "ended by itself" in line:
            self.line(line)

    def _left(self) -> str:
        if self._left_seconds is None:
            return ""
        return f"; {wording.span(max(0.0, self._left_seconds))} left"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def described(trial: Trial) -> str:
    """One trial in one line: step, rate, p99, verdict."""
    p99 = wording.seconds(trial.latency_p99_seconds) if trial.latency_p99_seconds is not None else "-"
    return (
        f"{_name(trial.plan)}: {trial.phones} phones in {wording.span(trial.plan.measured_seconds)}, "
        f"p99 {p99}, {trial.failed_share:.1%} failed: {_verdict(trial)}"
    )


def _verdict(trial: Trial) -> str:
    if trial.problem:
        return f"says nothing: {trial.problem}"
    if trial.void:
        return "says nothing: the generator was the limit"
    if trial.met:
        return "held" + (" (the generator was near its limit)" if trial.generator_bound else "")
    broken = [verdict.rule for verdict in trial.slo.rules if verdict.met is False]
    return f"broke {', '.join(broken)}" + (" (ended early)" if trial.cut_short else "")


def _name(plan: TrialPlan) -> str:
    rate = "one phone at a time" if plan.rate_per_second is None else wording.rate(plan.rate_per_second)
    return f"{plan.number:>2} {plan.step:<8} {rate}"


class Often:
    """Lets a line through now and then, for logs and pipes."""

    def __init__(self, line: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._line, self._lines = line, Spacing(_EVERY_SECONDS, clock)
        self._lines.due()  # the first one is not worth a line

    def __call__(self, line: str) -> None:
        """Write it if it is time."""
        if self._lines.due():
            self._line(f"   {line}")


class OnTerminal(SearchDisplay):
    """The moving line at the bottom of a terminal."""

    def __init__(self, console: Console) -> None:
        self._status = Status("", console=console)
        super().__init__(
            lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True),
            self._show,
        )

    def _show(self, line: str) -> None:
        self._status.update(line)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()


def make_search_display() -> SearchDisplay:
    """What suits standard output."""
    if sys.stdout.isatty():
        return OnTerminal(Console())
    return SearchDisplay(click.echo, Often(click.echo))
