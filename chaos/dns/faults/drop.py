"""No answer at all."""

from dataclasses import replace

from chaos.dns.faults.fault import DnsFault
from chaos.dns.reply import Reply


class Drop(DnsFault, frozen=True, kw_only=True, tag="drop"):
    """The query is taken and never answered; a TCP connection stays open."""

    def spoil(self, reply: Reply) -> Reply:
        """Nothing."""
        return replace(reply, dropped=True)
