"""An answer to somebody else's query."""

from dataclasses import replace

from chaos.dice import Dice
from chaos.dns.faults.fault import DnsFault, Spoil


class WrongId(DnsFault, frozen=True, kw_only=True, tag="wrong_id"):
    """The right answer under a wrong id: a careful client goes on waiting (RFC 5452 section 9.1)."""

    def start(self, seed: int, name: str) -> Spoil:
        """Draws how far its ids are off."""
        chance = Dice(seed).stream(name, "id")
        return lambda reply: replace(reply, id_offset=chance.randrange(1, 65_536))
