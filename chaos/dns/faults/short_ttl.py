"""Answers that nobody keeps."""

from dataclasses import replace

from chaos.dns.faults.fault import DnsFault
from chaos.dns.reply import Reply
from chaos.dns.settings import TtlSeconds


class ShortTtl(DnsFault, frozen=True, kw_only=True, tag="short_ttl"):
    """Every record lives `ttl_seconds`: at 0 each use of the name is a query (RFC 1035 section 3.2.1)."""

    ttl_seconds: TtlSeconds = 0

    def spoil(self, reply: Reply) -> Reply:
        """Short-lived."""
        aged = tuple(replace(record, ttl_seconds=self.ttl_seconds) for record in reply.answers)
        return replace(reply, answers=aged)
