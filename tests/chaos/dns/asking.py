"""Queries and replies without a client's manners: one packet out, the next one in."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from dnslib import QTYPE, DNSHeader, DNSQuestion, DNSRecord

from chaos.dns.reply import Question, RecordType
from chaos.dns.wire import read_query

ANSWER_SECONDS = 10.0
SILENT_SECONDS = 0.2


def question(name: str = "ca.test", type_: str = "A") -> Question:
    """What a query for this asks."""
    return read_query(packet(name, type_)).question


def packet(name: str = "ca.test", type_: str = "A", id_: int = 7) -> bytes:
    """A query as most clients send it."""
    asked = DNSQuestion(name, getattr(QTYPE, type_))
    return bytes(DNSRecord(DNSHeader(id=id_, rd=1), q=asked).pack())


@dataclass(frozen=True)
class Answer:
    """A reply as it came."""

    id: int
    rcode: int
    truncated: bool
    records: tuple[tuple[str, int, str, int], ...]

    @property
    def addresses(self) -> list[str]:
        return [value for _, type_, value, _ in self.records if type_ in (RecordType.A, RecordType.AAAA)]


def read(data: bytes) -> Answer:
    """The reply in a packet."""
    parsed = DNSRecord.parse(data)
    records = tuple((str(rr.rname), rr.rtype, str(rr.rdata), rr.ttl) for rr in parsed.rr)
    return Answer(parsed.header.id, parsed.header.rcode, bool(parsed.header.tc), records)


@contextlib.contextmanager
def udp_socket(address: str) -> Iterator[socket.socket]:
    """A socket that sends to HOST:PORT and hears from there alone."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(ANSWER_SECONDS)
        asking.connect((host, int(port)))
        yield asking


def ask(address: str, name: str = "ca.test", type_: str = "A") -> Answer:
    """One query over UDP and its reply."""
    with udp_socket(address) as asking:
        asking.send(packet(name, type_))
        return read(asking.recv(65_535))


@contextlib.contextmanager
def tcp_socket(address: str) -> Iterator[socket.socket]:
    """A connection to HOST:PORT."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS) as asking:
        yield asking


def framed(data: bytes) -> bytes:
    """A packet as it stands in a TCP stream."""
    return len(data).to_bytes(2) + data


def next_over_tcp(asking: socket.socket) -> Answer:
    """The next reply in the stream."""
    with asking.makefile("rb") as stream:
        return read(stream.read(int.from_bytes(stream.read(2))))
