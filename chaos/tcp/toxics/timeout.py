"""`timeout`: nothing gets through, and after a while the connection is closed."""

from typing import ClassVar

from chaos.tcp.toxic import MS_PER_SECOND, Chunk, Close, Int64, Steps, Toxic, Visit, Wait


class Timeout(Toxic, frozen=True):
    """Drops all data and closes after `timeout` milliseconds without any; 0 never closes.

    What it has swallowed is gone, so taking it off closes the connections it was on.
    """

    type: ClassVar[str] = "timeout"

    timeout: Int64 = 0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:  # noqa: ARG002
        """Nothing."""
        return ()

    def while_idle(self, visit: Visit) -> Steps:  # noqa: ARG002
        """The wait, then the close."""
        if self.timeout > 0:
            yield Wait(self.timeout / MS_PER_SECOND)
            yield Close()

    def on_removal(self, visit: Visit) -> Steps:  # noqa: ARG002
        """The close."""
        yield Close()
