"""`limit_data`: the connection ends after so many bytes."""

from typing import ClassVar

from chaos.tcp.toxic import Chunk, Close, Int64, Steps, Toxic, Visit


class LimitData(Toxic, frozen=True):
    """Lets `bytes` bytes through and closes on reaching them; 0 closes on the first data."""

    type: ClassVar[str] = "limit_data"

    bytes: Int64 = 0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:
        """What the limit leaves of the chunk, and the close when it is reached."""
        left_bytes = max(0, self.bytes - int(visit.memory["passed_bytes"]))
        data = chunk.data[:left_bytes]
        if data:
            visit.memory["passed_bytes"] += len(data)
            yield Chunk(data, chunk.at_seconds)
        if len(data) == left_bytes:
            yield Close()
