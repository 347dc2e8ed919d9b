"""`noop`: lets everything through."""

from typing import ClassVar

from chaos.tcp.toxic import Chunk, Steps, Toxic, Visit


class Noop(Toxic, frozen=True):
    """Changes nothing."""

    type: ClassVar[str] = "noop"

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:  # noqa: ARG002
        """The chunk as it came."""
        yield chunk
