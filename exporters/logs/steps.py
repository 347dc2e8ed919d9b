"""Events by steps of time, in any order, on disk; and the OpenMetrics text that they become.

Memory stays flat however long the logs are: what is added is kept in a SQLite file, of which rows come back
by series and time. Each series begins with a 0 before its first event, so that its first increase counts.
Hours in which no log has a line are left out, but for the first five minutes: a scrape would have gone on, to
show that nothing happens.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Self, TextIO

from exporters.families import Kind
from exporters.logs.ledger import Ledger, Metered, Series, cumulated, number_of

_QUIET_SECONDS = 300
_MOST_HELD = 100_000
_SCHEMA = (
    "CREATE TABLE added (series INTEGER, step INTEGER, slot INTEGER, amount REAL, "
    "PRIMARY KEY (series, step, slot)) WITHOUT ROWID"
)
_ADD = (
    "INSERT INTO added VALUES (?, ?, ?, ?) ON CONFLICT (series, step, slot) DO UPDATE SET amount = amount + "
    "excluded.amount"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Steps in which the logs are awake, the first and the last."""

    first: int
    last: int


class Steps(Ledger):
    """Adds up by steps of `step_seconds`. A context manager that owns the file at `path`."""

    def __init__(self, path: Path, step_seconds: int) -> None:
        self.step_seconds = step_seconds
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(_SCHEMA)
        self._series: dict[Series, int] = {}
        self._held: dict[tuple[int, int, int], float] = {}

    def write(self, out: TextIO, now: float) -> int:
        """Write everything as OpenMetrics text; how many samples that were.

        No sample is later than `now`: with one that is, Prometheus takes no new ones until then. What is
        dated later is in the last sample.
        """
        self._flush()
        spans = list(self._awake())
        by_metric: dict[Metered, list[Series]] = {}
        for series in self._series:
            by_metric.setdefault(series.metered, []).append(series)
        samples = 0
        for metered, all_series in sorted(by_metric.items(), key=lambda item: item[0].family.name):
            out.writelines(_head(metered))
            for series in all_series:
                for seconds, slots in self._timeline(series, spans, int(now)):
                    lines = list(_sample(series, slots, seconds))
                    samples += len(lines)
                    out.writelines(lines)
        out.write("# EOF\n")
        return samples

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _add(self, series: Series, at: float, slot: int, amount: float) -> None:
        number = self._series.setdefault(series, len(self._series))
        key = (number, int(at // self.step_seconds), slot)
        self._held[key] = self._held.get(key, 0.0) + amount
        if len(self._held) >= _MOST_HELD:
            self._flush()

    def _flush(self) -> None:
        rows = ((*key, amount) for key, amount in self._held.items())
        self._database.execute("BEGIN")
        self._database.executemany(_ADD, rows)
        self._database.execute("COMMIT")
        self._held.clear()

    def _awake(self) -> Iterator[Span]:
        quiet = max(1, _QUIET_SECONDS // self.step_seconds)
        first = last = None
        with contextlib.closing(
            self._database.execute("SELECT DISTINCT step FROM added ORDER BY step")
        ) as rows:
            for (step,) in rows:
                if first is not None and last is not None and step - 1 > last:
                    yield Span(first, last)
                    first = None
                first = step - 1 if first is None else first
                last = step + quiet
        if first is not None and last is not None:
            yield Span(first, last)

    def _timeline(
        self, series: Series, spans: Iterable[Span], latest: int
    ) -> Iterator[tuple[int, list[float]]]:
        """The series' values at the end of each step, from the one before its first event on."""
        changes = self._changes(self._series[series])
        step, change = next(changes)
        first = step - 1
        slots = [0.0] * (series.metered.sum_slot + 1)
        for span in spans:
            for at in range(max(span.first, first), span.last + 1):
                if at == step:
                    _add_up(slots, change)
                    step, change = next(changes, (-1, []))
                ends = (at + 1) * self.step_seconds
                if ends < latest:
                    yield ends, slots
                    continue
                if at == first:
                    yield latest - 1, slots
                for later in (change, *(change for _, change in changes)):
                    _add_up(slots, later)
                yield latest, slots
                return

    def _changes(self, number: int) -> Iterator[tuple[int, list[tuple[int, float]]]]:
        query = "SELECT step, slot, amount FROM added WHERE series = ? ORDER BY step"
        with contextlib.closing(self._database.execute(query, (number,))) as rows:
            for step, group in groupby(rows, key=lambda row: int(row[0])):
                yield step, [(slot, amount) for _, slot, amount in group]


def _add_up(slots: list[float], change: Iterable[tuple[int, float]]) -> None:
    for slot, amount in change:
        slots[slot] += amount


def _head(metered: Metered) -> Iterator[str]:
    name = _family_name(metered)
    yield f"# HELP {name} {_escaped(metered.family.meaning)}\n"
    yield f"# TYPE {name} {metered.family.kind}\n"


def _family_name(metered: Metered) -> str:
    return metered.family.name.removesuffix("_total")


def _sample(series: Series, slots: list[float], seconds: int) -> Iterator[str]:
    metered = series.metered
    name = metered.family.name
    labels = [
        f'{label}="{_escaped(value)}"'
        for label, value in zip(metered.family.label_names, series.labels, strict=True)
    ]
    if metered.family.kind is not Kind.HISTOGRAM:
        yield _line(name, labels, slots[0], seconds)
        return
    buckets = cumulated(metered, slots)
    for bound, number in buckets:
        yield _line(f"{name}_bucket", [*labels, f'le="{bound}"'], number, seconds)
    yield _line(f"{name}_count", labels, buckets[-1][1], seconds)
    yield _line(f"{name}_sum", labels, slots[metered.sum_slot], seconds)


def _line(name: str, labels: list[str], value: float, seconds: int) -> str:
    shown = f"{{{','.join(labels)}}}" if labels else ""
    return f"{name}{shown} {number_of(value)} {seconds}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
