"""Numbers as people read them: a few digits, a unit, and never rounded to a promise that was not kept."""

from datetime import UTC, datetime

from loadtests.arrivals.pacing import ArrivalCounts
from loadtests.results.slo import Unit

UNKNOWN = "unknown"

_SPACE = "\N{NO-BREAK SPACE}"


def seconds(value: float | None) -> str:
    """A duration: `43 ms`, `1.25 s`; what is not known is told so."""
    if value is None:
        return UNKNOWN
    return f"{value * 1000:.3g}{_SPACE}ms" if abs(value) < 0.9995 else f"{_few_digits(value)}{_SPACE}s"


def span(value: float | None) -> str:
    """A length of time as people plan with it: `45 s`, `2 min 30 s`, `5 h 33 min`."""
    if value is None:
        return UNKNOWN
    if value < 59.95:
        return f"{_few_digits(round(value, 1))}{_SPACE}s"
    if value < 3599.5:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes}{_SPACE}min" + (f" {rest}{_SPACE}s" if rest else "")
    hours, minutes = divmod(round(value / 60), 60)
    return f"{hours}{_SPACE}h" + (f" {minutes}{_SPACE}min" if minutes else "")


def clock(value: float | None) -> str:
    """A moment of the day, UTC, from seconds since the epoch: `08:53:20.250`."""
    return UNKNOWN if value is None else f"{datetime.fromtimestamp(value, UTC):%H:%M:%S.%f}"[:-3]


def count(value: float | None) -> str:
    """A count with its thousands apart: `18,000`."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def several(number: float, one: str, many: str) -> str:
    """So many, with the word that goes with it: `1 phone`, `18,000 phones`."""
    return f"{count(number)} {one if round(number) == 1 else many}"


def share(value: float | None) -> str:
    """A share of 1 in per cent; 999,999 of 1,000,000 is not 100 %."""
    if value is None:
        return UNKNOWN
    short = f"{100 * value:.4g}"
    exact = f"{100 * value:.10g}" if short == "100" and value < 1 else short
    return f"{exact}{_SPACE}%"


def rate(value: float | None) -> str:
    """Events per second: `24.7/s`."""
    return UNKNOWN if value is None else f"{_few_digits(value)}/s"


def arrivals(found: ArrivalCounts) -> str:
    """How phones were meant to start and how they did, in one line."""
    if found.workload == "closed":
        return "closed workload: each phone waited for one before it, so stalls of the server are hidden"
    return (
        f"open workload, {found.shape}, {rate(found.intended_rate)} intended, "
        f"{rate(found.started_rate)} started, {count(found.late)} late, {count(found.dropped)} dropped, "
        f"start lag p99 {seconds(found.start_lag_p99_seconds)}"
    )


def measured(value: float | None, unit: Unit) -> str:
    """A value of an SLO rule in its unit."""
    words = {Unit.SHARE: share, Unit.SECONDS: seconds, Unit.RATE: rate, Unit.COUNT: count}
    return words[unit](value)


def _few_digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
