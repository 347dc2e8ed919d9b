"""The server will not answer this client."""

from chaos.dns.faults.fault import DnsFault
from chaos.dns.reply import Rcode, Reply


class Refused(DnsFault, frozen=True, kw_only=True, tag="refused"):
    """REFUSED (RFC 1035 section 4.1.1)."""

    def spoil(self, reply: Reply) -> Reply:
        """Refused."""
        return reply.refused_as(Rcode.REFUSED)
