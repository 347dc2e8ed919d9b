"""Arrivals that happened somewhere once: a file of times."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtests.errors import ScenarioError
from testbed.errors import reason


@dataclass(frozen=True, slots=True)
class Recorded:
    """Phones start at these times, in seconds from the run's start, which never decrease."""

    times_seconds: tuple[float, ...]

    def offsets_seconds(self, phones: int) -> Iterator[float]:
        """The first `phones` times; there are as many, `read_recorded` saw to it."""
        return iter(self.times_seconds[:phones])


def read_recorded(path: Path, phones: int) -> Recorded:
    """The times in the file at `path`, one number a line, `#` starts a comment.

    ScenarioError names the line that is not a time, comes before the one above it, or the phones it lacks.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"cannot read the arrival times in {path}: {reason(error)}") from error
    times: list[float] = []
    for number, line in enumerate(lines, start=1):
        if text := line.partition("#")[0].strip():
            times.append(_time(text, f"{path}:{number}", times[-1] if times else 0.0))
    if len(times) < phones:
        raise ScenarioError(f"{path} has {len(times)} arrival times for {phones} phones")
    return Recorded(tuple(times))


def _time(text: str, place: str, before: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ScenarioError(f"{place}: {text!r} is not a time in seconds") from None
    if not math.isfinite(value) or value < before:
        raise ScenarioError(f"{place}: {text} must not be before {before:g}, times are in order from 0 on")
    return value
