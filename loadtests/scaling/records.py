"""The measurements of levels in a run's folder: a line for each, written as it ends."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtests.errors import JournalError
from loadtests.scaling.level import Level, Repeat
from loadtests.scaling.plan import with_repeat


class _Line(msgspec.Struct, frozen=True):
    concurrency: int
    repeat: Repeat
    took_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LevelRecords:
    """`levels.jsonl`, and the folder `levels` for what is needed while a level is measured."""

    run: Path

    @property
    def path(self) -> Path:
        """The file."""
        return self.run / "levels.jsonl"

    @property
    def folder(self) -> Path:
        """Where labs run and keys are, until all is measured."""
        return self.run / "levels"

    def add(self, concurrency: int, repeat: Repeat, took_seconds: float = 0.0) -> None:
        """Keep one more measurement, and what it took from its preparation to its end."""
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(_Line(concurrency, repeat, took_seconds)) + b"\n")

    def read(self) -> list[Level]:
        """The levels so far; a line that was cut when the run was killed is none."""
        levels: list[Level] = []
        for line in self._lines():
            levels = with_repeat(levels, line.concurrency, line.repeat)
        return levels

    @property
    def spent_seconds(self) -> float:
        """What all measurements so far took."""
        return sum(line.took_seconds for line in self._lines())

    def _lines(self) -> list[_Line]:
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            self.path.write_bytes(whole)
        try:
            return [msgspec.json.decode(line, type=_Line) for line in whole.splitlines()]
        except msgspec.DecodeError as error:
            raise JournalError(f"{self.path}: not the levels of this version: {error}") from error
