"""`packet_loss`: some chunks never arrive, alone or in bursts."""

from typing import ClassVar

from chaos.tcp.toxic import Chunk, Steps, Toxic, Visit


class PacketLoss(Toxic, frozen=True):
    """Drops each chunk with probability `loss_rate`, plus `correlation` when the one before was dropped.

    What is lost stays lost: nothing below TCP sends it again. A TLS session breaks on the next record.
    """

    type: ClassVar[str] = "packet_loss"

    loss_rate: float = 0.1
    correlation: float = 0.0

    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:
        """The chunk, or nothing."""
        chance = self.loss_rate + (self.correlation if visit.memory["dropped"] else 0.0)
        visit.memory["dropped"] = visit.dice.random() < chance
        if not visit.memory["dropped"]:
            yield chunk
