"""The server cannot answer."""

from chaos.dns.faults.fault import DnsFault
from chaos.dns.reply import Rcode, Reply


class Servfail(DnsFault, frozen=True, kw_only=True, tag="servfail"):
    """SERVFAIL (RFC 1035 section 4.1.1)."""

    def spoil(self, reply: Reply) -> Reply:
        """Failed."""
        return reply.refused_as(Rcode.SERVFAIL)
