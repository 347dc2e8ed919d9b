"""The roster: which phones of a fleet a generator starts, when that is not all of them from the first try."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtests.errors import ScenarioError
from testbed.errors import reason


@dataclass(frozen=True, slots=True)
class Start:
    """A phone that has yet to enroll: its index and the number of its next attempt."""

    index: int
    attempt: int = 1


class Roster:
    """The phones to start, by their place in line; without a file, phone N is at place N."""

    def __init__(self, starts: Sequence[Start] | None = None) -> None:
        self._starts = starts

    def at(self, place: int) -> Start:
        """The phone at this place, counted from 0."""
        return Start(place) if self._starts is None else self._starts[place]


def write_roster(path: Path, starts: Sequence[Start]) -> None:
    """Write the phones to start, in their order."""
    path.write_bytes(msgspec.json.encode(starts))


def read_roster(path: Path, phones: int) -> Roster:
    """The roster at `path`; ScenarioError when it is none, or not one of as many phones."""
    try:
        starts = msgspec.json.decode(path.read_bytes(), type=list[Start])
    except (OSError, msgspec.DecodeError) as error:
        raise ScenarioError(f"--roster: cannot read {path}: {reason(error)}") from error
    if len(starts) != phones:
        raise ScenarioError(f"--roster: {path} has {len(starts)} phones, --phones says {phones}")
    return Roster(starts)
