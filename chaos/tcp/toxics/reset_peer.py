"""`reset_peer`: the connection is torn down with a TCP reset."""

from typing import ClassVar

from chaos.tcp.toxic import MS_PER_SECOND, Chunk, Int64, Reset, Steps, Toxic, Visit, Wait


class ResetPeer(Toxic, frozen=True):
    """Resets both sides `timeout` milliseconds after the first data, or after the end of the stream."""

    type: ClassVar[str] = "reset_peer"

    timeout: Int64 = 0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:  # noqa: ARG002
        """The wait, then the reset; the chunk is lost."""
        return self._reset()

    def at_end(self, visit: Visit) -> Steps:  # noqa: ARG002
        """The same."""
        return self._reset()

    def _reset(self) -> Steps:
        yield Wait(self.timeout / MS_PER_SECOND)
        yield Reset()
