"""The address of another machine."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

import msgspec

from chaos.dns.faults.fault import DnsFault
from chaos.dns.reply import Record, RecordType, Reply
from testbed.errors import SettingsError

Address = Annotated[str, msgspec.Meta(min_length=2, max_length=45)]


class WrongAddress(DnsFault, frozen=True, kw_only=True, tag="wrong_address"):
    """Every address in the answer becomes this one.

    The defaults lead nowhere: a loopback address where nobody listens, and IPv6's discard prefix (RFC 6666).
    """

    ipv4: Address = "127.0.0.2"
    ipv6: Address = "100::2"

    def __post_init__(self) -> None:
        for field, kind in (("ipv4", IPv4Address), ("ipv6", IPv6Address)):
            text = getattr(self, field)
            try:
                kind(text)
            except ValueError as error:
                raise SettingsError(f"{field}: {text!r} is not an {kind.__name__[:4]} address") from error

    def spoil(self, reply: Reply) -> Reply:
        """Elsewhere."""
        return replace(reply, answers=tuple(map(self._moved, reply.answers)))

    def _moved(self, record: Record) -> Record:
        if record.type == RecordType.A:
            return replace(record, values=(self.ipv4,))
        if record.type == RecordType.AAAA:
            return replace(record, values=(self.ipv6,))
        return record
