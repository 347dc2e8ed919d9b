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

    def add(self, concurrency: int, repeat: Repeat) -> None:
        """Keep one more measurement."""
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(_Line(concurrency, repeat)) + b"\n")

    def read(self) -> list[Level]:
        """The levels so far; a line that was cut when the run was killed is none."""
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            self.path.write_bytes(whole)
        levels: list[Level] = []
        try:
            for line in map(msgspec.json.Decoder(_Line).decode, whole.splitlines()):
                levels = with_repeat(levels, line.concurrency, line.repeat)
        except msgspec.DecodeError as error:
            raise JournalError(f"{self.path}: not the levels of this version: {error}") from error
        return levels
