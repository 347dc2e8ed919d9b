"""Annotations: the strikes of a run as Grafana shows them over its charts, in a file.

Times are milliseconds since the epoch.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from chaos.errors import PlanRefused
from chaos.striking import Event, Note

TAG = "estorm"


class Annotation(msgspec.Struct, frozen=True, rename={"time_end": "timeEnd"}, omit_defaults=True):
    """One line of the file, and the body of Grafana's request. `data` is the note it came from."""

    time: int
    tags: tuple[str, ...]
    text: str
    data: Note
    time_end: int | None = None


class FaultTime(msgspec.Struct, frozen=True):
    """One strike as it was. Times are seconds since the epoch."""

    name: Annotated[str, Meta(description="Fault, entry of the schedule and number of the strike")]
    fault: Annotated[str, Meta(description="The fault with its parameters")]
    started: Annotated[float | None, Meta(description="Seconds since the epoch; null: it never took hold")]
    ended: Annotated[float | None, Meta(description="Seconds since the epoch; null: not known to have ended")]
    failure: Annotated[str, Meta(description="Why it did not take hold or was not undone; else empty")] = ""


class AnnotationFile:
    """A listener that appends each note to a file, one JSON object a line, at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun: dict[str, float] = {}

    def take(self, note: Note) -> None:
        """Write the note down."""
        if note.event == "start":
            self._begun[note.name] = note.at
        started = self._begun.get(note.name, note.at)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(annotation(note, started)) + b"\n")


def annotation(note: Note, started: float) -> Annotation:
    """What Grafana is told of a strike that `started` then."""
    tags = (TAG, "fault", note.kind, *(["failed"] if note.event == "failed" else []))
    text = note.text + (f": {note.reason}" if note.reason else "")
    end = None if note.event == "start" else _milliseconds(note.at)
    return Annotation(_milliseconds(started), tags, text, note, end)


def read_fault_times(path: Path) -> list[FaultTime]:
    """The strikes in the file at `path`, in order of their begin; none where there is no file.

    PlanRefused when it holds something else. A last line that is cut short is left out.
    """
    with contextlib.suppress(FileNotFoundError):
        data = path.read_bytes()
        lines = data[: data.rfind(b"\n") + 1].splitlines()
        try:
            notes = [msgspec.json.decode(line, type=Annotation).data for line in lines]
        except msgspec.DecodeError as error:
            raise PlanRefused(f"{path} is no file of annotations: {error}") from error
        return fault_times(notes)
    return []


def fault_times(notes: Iterable[Note]) -> list[FaultTime]:
    """What notes come to, one for each strike, in order of their begin."""
    told: dict[str, dict[Event, Note]] = {}
    for note in notes:
        told.setdefault(note.name, {})[note.event] = note
    return [_fault_time(events) for events in told.values()]


def _fault_time(events: dict[Event, Note]) -> FaultTime:
    start, end, failed = (events.get(event) for event in ("start", "end", "failed"))
    first = start or end or failed
    assert first is not None
    return FaultTime(
        first.name, first.text, start.at if start else None, end.at if end else None,
        failed.reason if failed else "",
    )  # fmt: skip


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
