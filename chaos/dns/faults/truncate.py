"""An answer that does not fit."""

from dataclasses import replace

from chaos.dns.faults.fault import DnsFault
from chaos.dns.reply import Question, Reply, Transport


class Truncate(DnsFault, frozen=True, kw_only=True, tag="truncate"):
    """TC over UDP, with no answers: the client has to come back over TCP (RFC 7766 section 5)."""

    def covers(self, question: Question, transport: Transport) -> bool:
        """Queries over UDP alone."""
        return transport == "udp" and super().covers(question, transport)

    def spoil(self, reply: Reply) -> Reply:
        """Cut."""
        return replace(reply, truncated=True)
