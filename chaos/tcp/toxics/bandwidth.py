"""`bandwidth`: a link that carries so many kilobytes a second."""

import math
from typing import ClassVar

from chaos.tcp.toxic import MS_PER_SECOND, Chunk, Int64, Steps, Toxic, Until, Visit

_SLICE_MS = 100


class Bandwidth(Toxic, frozen=True):
    """Lets `rate` kilobytes (of 1000 bytes) a second through; 0 lets nothing through.

    A chunk that takes longer than 100 ms goes out in slices of 100 ms.
    """

    type: ClassVar[str] = "bandwidth"
    # The next chunk is at hand when one has left, so that the rate is exact.
    buffer_chunks: ClassVar[int] = 2

    rate: Int64 = 0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:
        """The chunk in slices, each when the link has carried it."""
        if self.rate <= 0:
            yield Until(math.inf)
            yield chunk
            return
        free_at = max(visit.memory["free_at_seconds"], chunk.at_seconds)
        slice_bytes = self.rate * _SLICE_MS
        for start in range(0, len(chunk.data), slice_bytes):
            piece = chunk.data[start : start + slice_bytes]
            free_at += len(piece) / self.rate / MS_PER_SECOND
            visit.memory["free_at_seconds"] = free_at
            yield Until(free_at)
            yield Chunk(piece, chunk.at_seconds)
