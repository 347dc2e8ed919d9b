"""IIS logs whose service times are known: a CA with one page thread, and phones that come at random."""

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

FIELDS = (
    "#Fields: date time cs-method cs-uri-stem cs-username sc-status sc-substatus sc-win32-status time-taken"
)
START = dt.datetime(2026, 3, 2, 7, 0, 0, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 4, 1, tzinfo=dt.UTC).timestamp()
PAGES = {
    "login": "GET /certsrv", "form": "GET /certsrv/certrqxt.asp", "submit": "POST /certsrv/certfnsh.asp",
    "download": "GET /certsrv/certnew.cer",
}  # fmt: skip


def row(ended_seconds: float, stage: str, taken_ms: int, status: str = "200 0 0") -> str:
    """One row, of a request that ended so long after START."""
    moment = START + dt.timedelta(seconds=int(ended_seconds))
    return f"{moment:%Y-%m-%d %H:%M:%S} {PAGES[stage]} ESTORM\\ciscora {status} {taken_ms}"


def queueing(rate: float, mean_seconds: float, number: int, seed: int = 1, start: float = 0) -> Iterator[str]:
    """Submissions to one thread (M/M/1): each row's time holds its wait."""
    source, now, free = random.Random(seed), start, start
    for _ in range(number):
        now += source.expovariate(rate)
        free = max(now, free) + source.expovariate(1 / mean_seconds)
        yield row(free, "submit", int((free - now) * 1000))


def write_log(path: Path, *rows: str) -> Path:
    """A log of these rows."""
    path.write_text("\n".join((FIELDS, *rows, "")))
    return path
