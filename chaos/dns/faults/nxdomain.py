"""The name does not exist."""

from chaos.dns.faults.fault import DnsFault
from chaos.dns.reply import Rcode, Reply


class Nxdomain(DnsFault, frozen=True, kw_only=True, tag="nxdomain"):
    """NXDOMAIN (RFC 2308 section 2.1)."""

    def spoil(self, reply: Reply) -> Reply:
        """No such name."""
        return reply.refused_as(Rcode.NXDOMAIN)
