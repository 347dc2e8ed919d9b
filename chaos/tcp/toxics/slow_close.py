"""`slow_close`: the end of the stream comes late."""

from typing import ClassVar

from chaos.tcp.toxic import MS_PER_SECOND, Chunk, Int64, Steps, Toxic, Visit, Wait


class SlowClose(Toxic, frozen=True):
    """Holds the end of the stream for `delay` milliseconds; data passes untouched."""

    type: ClassVar[str] = "slow_close"

    delay: Int64 = 0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:  # noqa: ARG002
        """The chunk as it came."""
        yield chunk

    def at_end(self, visit: Visit) -> Steps:  # noqa: ARG002
        """The wait."""
        yield Wait(self.delay / MS_PER_SECOND)
