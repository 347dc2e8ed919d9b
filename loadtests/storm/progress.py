"""Live progress of a storm: a bar on a terminal, plain lines elsewhere."""

import bisect
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import click
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from loadtests.results.journal import Attempt

_RATE_WINDOW_SECONDS = 5.0
_PLAIN_EVERY_SECONDS = 5.0


@dataclass(slots=True)
class Tally:
    """What has happened so far; latencies are from the intended start, `ended` are phones done trying."""

    intended: int
    started_at: float
    enrolled: int = 0
    attempts_allowed: int = 1
    failures: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    _latencies: list[float] = field(default_factory=list)
    _done: list[float] = field(default_factory=list)

    def add(self, attempts: Iterable[Attempt]) -> None:
        """Count attempts that ended."""
        for attempt in attempts:
            bisect.insort(self._done, attempt.done)
            if attempt.enrolled:
                self.enrolled += 1
                bisect.insort(self._latencies, attempt.done - attempt.intended_start)
            else:
                self.failures[attempt.est_error] += 1
            self.ended += attempt.enrolled or attempt.attempt >= self.attempts_allowed

    @property
    def begun(self) -> bool:
        """Whether any attempt has ended."""
        return bool(self._done)

    def rate_per_second(self, now: float) -> float:
        """Attempts that ended in each of the last seconds."""
        window = min(_RATE_WINDOW_SECONDS, max(now - self.started_at, 1.0))
        return (len(self._done) - bisect.bisect_left(self._done, now - window)) / window

    def latency_seconds(self, share: float) -> float | None:
        """The latency that `share` of the enrolled phones did not exceed."""
        if not self._latencies:
            return None
        return self._latencies[min(len(self._latencies) - 1, int(share * len(self._latencies)))]

    def remaining_seconds(self, now: float) -> float | None:
        """How long the rest takes at the present rate; None when that cannot be told."""
        rate = self.rate_per_second(now)
        return (self.intended - self.ended) / rate if rate > 0 else None


def describe(tally: Tally, now: float) -> str:
    """The state of a storm as one line of text."""
    kinds = ", ".join(f"{name} {count}" for name, count in tally.failures.most_common())
    failed = f"{sum(tally.failures.values())} ({kinds})" if kinds else "0"
    percentiles = " ".join(
        f"p{share * 100:g} {_milliseconds(tally.latency_seconds(share))}" for share in (0.5, 0.95, 0.99)
    )
    remaining = tally.remaining_seconds(now)
    eta = "-" if remaining is None else f"{remaining:.0f} s"
    return (
        f"{tally.enrolled}/{tally.intended} enrolled, {tally.rate_per_second(now):.1f}/s, "
        f"failed {failed}, {percentiles}, ETA {eta}"
    )


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


class Display(Protocol):
    """Shows counts of things being made, and the state of a storm. A context manager."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are made."""
        ...

    def storming(self, tally: Tally, now: float) -> None:
        """Show the state of the storm."""
        ...

    def say(self, line: str) -> None:
        """Show one line of text that stays."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class TerminalDisplay:
    """A bar that moves, for people."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=1)
        self._live = Live(self._table(""), console=console, refresh_per_second=4, transient=True)

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are made."""
        self._bar.update(self._task, description=what, completed=done, total=total)
        self._live.update(self._table(""))

    def storming(self, tally: Tally, now: float) -> None:
        """Show the state of the storm."""
        self._bar.update(self._task, description="enrolling", completed=tally.ended, total=tally.intended)
        self._live.update(self._table(describe(tally, now)))

    def say(self, line: str) -> None:
        """Show one line of text that stays."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _table(self, line: str) -> Table:
        table = Table.grid()
        table.add_row(self._bar)
        table.add_row(line)
        return table

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class Spacing:
    """Says when it is time for another line: `every_seconds` after the last, and at once for the first."""

    def __init__(self, every_seconds: float, clock: Callable[[], float]) -> None:
        self._every_seconds, self._clock, self._last = every_seconds, clock, float("-inf")

    def due(self) -> bool:
        """Whether it is time; what is said then is the last line."""
        now = self._clock()
        if now - self._last < self._every_seconds:
            return False
        self._last = now
        return True


class PlainDisplay:
    """A line every few seconds, for logs and pipes."""

    def __init__(self, write_line: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._write_line = write_line
        self._lines = Spacing(_PLAIN_EVERY_SECONDS, clock)
        self._all_ended = False

    def preparing(self, what: str, done: int, total: int) -> None:
        """Write how far `what` is, not too often, and always when it is done."""
        if done == total or self._lines.due():
            self._write_line(f"{what}: {done}/{total}")

    def storming(self, tally: Tally, now: float) -> None:
        """Write the state of the storm, not too often, and once when all attempts ended."""
        if self._all_ended:
            return
        self._all_ended = tally.ended == tally.intended
        if self._lines.due() or self._all_ended:
            self._write_line(describe(tally, now))

    def say(self, line: str) -> None:
        """Write one line of text."""
        self._write_line(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def make_display() -> Display:
    """What suits standard output: a picture that moves on a terminal, lines elsewhere."""
    if sys.stdout.isatty():
        return TerminalDisplay(Console())
    return PlainDisplay(click.echo, time.monotonic)
