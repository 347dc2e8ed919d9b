"""The names the server knows, and what it would answer were nothing wrong.

The rules are challtestsrv's: SERVFAIL for the names set so, one step along a CNAME, a default address for
names without one, NOTIMP for types it does not know, and never NXDOMAIN.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec

from chaos.dns import names
from chaos.dns.names import key
from chaos.dns.reply import Labels, Question, Rcode, Record, RecordType, Reply
from chaos.errors import NameUnusable


class CaaPolicy(msgspec.Struct, frozen=True):
    """A CAA record's property (RFC 8659 section 4.1)."""

    tag: str = ""
    value: str = ""


class Records:
    """Records by type and name; names are the same whatever their case and last dot.

    Addresses that are none, or of the other family, are taken and never answered, as challtestsrv does.
    """

    def __init__(self, default_ipv4: str, default_ipv6: str, ttl_seconds: int) -> None:
        self.default_ipv4 = default_ipv4
        self.default_ipv6 = default_ipv6
        self._ttl_seconds = ttl_seconds
        self._values: dict[RecordType, dict[str, list[tuple[str, ...]]]] = defaultdict(dict)
        self._failing: set[str] = set()

    def add(self, type_: RecordType, host: str, values: Iterable[tuple[str, ...]]) -> None:
        """Add records to those the host has."""
        self._values[type_].setdefault(key(host), []).extend(values)

    def add_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Add addresses of both families."""
        for address in addresses:
            type_ = RecordType.A if _ipv4(address) else RecordType.AAAA
            self.add(type_, host, [(address,)])

    def set_alias(self, host: str, target: str) -> None:
        """Make the host another name of `target`."""
        self._values[RecordType.CNAME][key(host)] = [(target,)]

    def clear(self, type_: RecordType, host: str) -> None:
        """Forget the host's records of a type."""
        self._values[type_].pop(key(host), None)

    def set_failing(self, host: str, *, failing: bool) -> None:
        """Answer every query for the host with SERVFAIL, or no longer."""
        (self._failing.add if failing else self._failing.discard)(key(host))

    def answer(self, question: Question) -> Reply:
        """The reply to a question."""
        if key(question.name) in self._failing:
            return Reply(Rcode.SERVFAIL)
        try:
            alias, labels = self._alias(question.labels, question.name)
        except NameUnusable:
            return Reply(Rcode.SERVFAIL)
        try:
            type_ = RecordType(question.type)
        except ValueError:
            return Reply(Rcode.NOTIMP, alias)
        return Reply(answers=(*alias, *self._found(type_, labels)))

    def _alias(self, labels: Labels, name: str) -> tuple[tuple[Record, ...], Labels]:
        target = next(iter(self._values[RecordType.CNAME].get(key(name), ())), None)
        if target is None:
            return (), labels
        return (self._record(labels, RecordType.CNAME, target),), names.labels(target[0])

    def _found(self, type_: RecordType, labels: Labels) -> Iterator[Record]:
        found = self._values[type_].get(key(names.text(labels)))
        for values in found or self._defaults(type_):
            usable = _usable(type_, values)
            if usable is not None:
                yield self._record(labels, type_, usable)

    def _defaults(self, type_: RecordType) -> list[tuple[str, ...]]:
        default = {RecordType.A: self.default_ipv4, RecordType.AAAA: self.default_ipv6}.get(type_, "")
        return [(default,)] if default else []

    def _record(self, labels: Labels, type_: RecordType, values: tuple[str, ...]) -> Record:
        return Record(labels, type_, values, self._ttl_seconds)


def caa_values(policies: Iterable[CaaPolicy]) -> list[tuple[str, ...]]:
    """Policies as the values of CAA records."""
    return [(policy.tag, policy.value) for policy in policies]


def _usable(type_: RecordType, values: tuple[str, ...]) -> tuple[str, ...] | None:
    if type_ == RecordType.A:
        address: IPv4Address | IPv6Address | None = _ipv4(values[0])
    elif type_ == RecordType.AAAA:
        address = _ipv6(values[0])
    else:
        return values
    return (str(address),) if address else None


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def _ipv4(text: str) -> IPv4Address | None:
    address = _parsed(text)
    return address if isinstance(address, IPv4Address) else None


def _ipv6(text: str) -> IPv6Address | None:
    address = _parsed(text)
    return address if isinstance(address, IPv6Address) else None
