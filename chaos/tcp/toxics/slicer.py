"""`slicer`: data comes in small pieces."""

import random
from collections.abc import Iterator
from typing import ClassVar

from chaos.tcp.toxic import US_PER_SECOND, Chunk, Int64, Steps, Toxic, Visit, Wait


class Slicer(Toxic, frozen=True):
    """Cuts data into pieces of about `average_size` ± `size_variation` bytes, `delay` microseconds apart.

    An average below 1 is taken as 1, and no cut falls outside the data: Toxiproxy itself does not end then.
    """

    type: ClassVar[str] = "slicer"

    average_size: Int64 = 0
    size_variation: Int64 = 0
    delay: Int64 = 0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:
        """The pieces in order, with a wait after each."""
        for start, end in self._cuts(0, len(chunk.data), visit.dice):
            yield Chunk(chunk.data[start:end], chunk.at_seconds)
            yield Wait(self.delay / US_PER_SECOND)

    def _cuts(self, start: int, end: int, dice: random.Random) -> Iterator[tuple[int, int]]:
        """Halve, a little off the middle, until the pieces are near the average."""
        size, variation = end - start, max(0, self.size_variation)
        if size <= max(1, self.average_size) + variation or size < 2:
            yield start, end
            return
        off = dice.randrange(-variation, variation) if variation else 0
        middle = min(max(start + size // 2 + off, start + 1), end - 1)
        yield from self._cuts(start, middle, dice)
        yield from self._cuts(middle, end, dice)
