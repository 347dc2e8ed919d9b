"""What readers of logs counted, as plain numbers; and readers that count into memory."""

import datetime as dt
from collections.abc import Callable

from exporters.logs.est_errors import EstErrorNames
from exporters.logs.ledger import Totals
from exporters.logs.moments import DatedTimes, TimeOfDay
from exporters.logs.reading import Manner, Readers
from testbed.est_errors import EstError

NAMES = EstErrorNames(tuple(map(str, sorted(EstError))))
DAY = dt.date(2019, 1, 16)
NOW = dt.datetime(2019, 3, 6, tzinfo=dt.UTC).timestamp()
UTC: dict[str, dt.tzinfo] = dict.fromkeys(("capf", "ces", "nginx", "iis"), dt.UTC)


def manner(**zones: dt.tzinfo) -> Manner:
    return Manner(NAMES, UTC | zones)


def readers(
    totals: Totals, how: Manner | None = None, dated: Callable[[TimeOfDay], float] | None = None
) -> Readers:
    how = how or manner()
    return Readers(how, totals, dated or DatedTimes(how.zone("capf"), DAY).at, lambda: NOW, 1.0)


def read(log: str, *lines: str | bytes, how: Manner | None = None) -> dict[str, float]:
    """What the lines of one log come to."""
    totals = Totals()
    reader = readers(totals, how).reader(log)
    reader.read(b"".join(as_bytes(line) + b"\n" for line in lines), NOW)
    reader.finish(NOW)
    return numbers(totals)


def as_bytes(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode()


def numbers(totals: Totals) -> dict[str, float]:
    """Each sample that is not 0, as `name{label="value"}` without the prefix; empty labels are left out."""
    found = {}
    for metric in totals.collect():
        for sample in metric.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items() if value)
            name = sample.name.removeprefix("estorm_")
            if sample.value:
                found[f"{name}{{{labels}}}" if labels else name] = sample.value
    return found


def without(numbers_found: dict[str, float], *words: str) -> dict[str, float]:
    """Those whose name has none of the words."""
    return {name: value for name, value in numbers_found.items() if not any(word in name for word in words)}
