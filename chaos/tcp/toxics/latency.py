"""`latency`: every chunk leaves later, by a constant and a uniform jitter."""

from typing import ClassVar

from chaos.tcp.toxic import MS_PER_SECOND, Chunk, Int64, Steps, Toxic, Until, Visit


class Latency(Toxic, frozen=True):
    """Delays by `latency` ± `jitter` milliseconds, drawn for each chunk; order is kept, bandwidth too."""

    type: ClassVar[str] = "latency"
    buffer_chunks: ClassVar[int] = 1024

    latency: Int64 = 0
    jitter: Int64 = 0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:
        """The chunk, at its arrival plus the delay."""
        jitter_ms = visit.dice.uniform(-self.jitter, self.jitter) if self.jitter > 0 else 0.0
        leaves_at = chunk.at_seconds + max(0.0, self.latency + jitter_ms) / MS_PER_SECOND
        yield Until(leaves_at)
        yield Chunk(chunk.data, leaves_at)
