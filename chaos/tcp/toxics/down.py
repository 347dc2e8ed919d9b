"""`down`: the service drops the connection as soon as it is open. Ours; Toxiproxy does not know it."""

from typing import ClassVar

from chaos.tcp.toxic import Chunk, Reset, Steps, Toxic, Visit


class Down(Toxic, frozen=True):
    """Resets every connection at once, open ones too; with a toxicity below 1, that share of them.

    A proxy that is disabled refuses connections instead: it has no listener.
    """

    type: ClassVar[str] = "down"

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:  # noqa: ARG002
        """The reset."""
        yield Reset()

    def while_idle(self, visit: Visit) -> Steps:  # noqa: ARG002
        """The reset: no data is waited for."""
        yield Reset()
