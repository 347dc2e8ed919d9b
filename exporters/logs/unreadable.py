"""Lines that cannot be read: counted by log, and a few kept as their shape, which tells of nobody."""

import re
from collections import Counter
from dataclasses import dataclass

from exporters.logs import families
from exporters.logs.ledger import Ledger

KEPT = 8
_SHOWN_CHARACTERS = 120
_UPPER, _LOWER, _DIGIT = re.compile(r"[A-Z]"), re.compile(r"[a-z]"), re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Sample:
    """An unreadable line: its log, why it is one, its shape: each letter an `a` or `A`, each digit a `9`."""

    log: str
    reason: str
    shape: str


class Unreadable:
    """Counts unreadable lines and keeps the first few of each log."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self.count = 0

    def wants(self, log: str) -> bool:
        """Whether a sample of that log would be kept."""
        return self._kept[log] < KEPT

    def add(self, log: str, reason: str, at: float, lines: int = 1) -> None:
        """So many lines of `log` could not be read."""
        self.count += lines
        self._ledger.count(families.UNREADABLE, (log, reason), at, lines)

    def keep(self, log: str, reason: str, line: bytes) -> None:
        """Keep the line's shape as a sample, if there is room for it."""
        if self.wants(log):
            self._kept[log] += 1
            self.samples.append(Sample(log, reason, shape_of(line)))


def shape_of(line: bytes) -> str:
    """A line without what it says: letters, digits and all beyond ASCII's signs replaced, cut at 120."""
    text = line[: _SHOWN_CHARACTERS + 1].decode("latin-1")
    text = _DIGIT.sub("9", _LOWER.sub("a", _UPPER.sub("A", text)))
    shape = "".join(char if " " <= char <= "~" else "?" for char in text[:_SHOWN_CHARACTERS])
    return shape + ("..." if len(text) > _SHOWN_CHARACTERS else "")
