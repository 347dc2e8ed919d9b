"""DNS messages as bytes: queries in, replies out. dnslib does the packing, its errors end here."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from dnslib import (
    AAAA,
    CAA,
    CLASS,
    CNAME,
    EDNS0,
    QTYPE,
    RR,
    SOA,
    TXT,
    A,
    BimapError,
    DNSError,
    DNSHeader,
    DNSLabel,
    DNSQuestion,
    DNSRecord,
)
from dnslib.buffer import BufferError as DnslibBufferError
from dnslib.label import DNSBuffer, DNSLabelError

from chaos.dns import names
from chaos.dns.reply import Question, Rcode, Record, RecordType, Reply
from chaos.errors import NameUnusable, QueryUnreadable

# No query needs more, and dnslib takes a long time over long ones made to annoy.
MOST_QUERY_BYTES = 4096
_HEADER = struct.Struct("!HHHHHH")
_PLAIN_UDP_BYTES = 512
# What fits into an Ethernet frame over IPv6 (DNS flag day 2020).
_OFFERED_UDP_BYTES = 1232
_TCP_BYTES = 65_535
_QR, _AA, _TC, _RD, _CD, _OPCODE = 0x8000, 0x0400, 0x0200, 0x0100, 0x0010, 0x7800
_BADVERS = 16
_TEXT_BYTES = 255
# RecursionError: a name whose pointers go round in circles.
_UNREADABLE = (
    DNSError, DnslibBufferError, BimapError, DNSLabelError, NameUnusable, ValueError, IndexError, TypeError,
    struct.error, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edns:
    """What a query's OPT record says (RFC 6891): the largest reply over UDP, and its version."""

    udp_bytes: int
    version: int


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `flags` are those of its header that a reply repeats."""

    id: int
    flags: int
    question: Question
    edns: Edns | None = None

    @property
    def udp_bytes(self) -> int:
        """The largest reply its sender takes over UDP."""
        return max(_PLAIN_UDP_BYTES, self.edns.udp_bytes) if self.edns else _PLAIN_UDP_BYTES


def read_query(packet: bytes) -> Query:
    """The query in a packet; QueryUnreadable, with what to answer, when there is none.

    As with most servers: one question, at most one record before the additional ones, two of those.
    """
    if len(packet) < _HEADER.size:
        raise QueryUnreadable(f"{len(packet)} bytes are less than a header", None)
    id_, bits, *counts = _HEADER.unpack_from(packet)
    if bits & _QR:
        raise QueryUnreadable("a reply, not a query", None)
    if bits & _OPCODE:
        raise QueryUnreadable("not a standard query", _refusal(id_, bits, Rcode.NOTIMP))
    questions, answers, authorities, additional = counts
    if questions != 1 or answers > 1 or authorities > 1 or additional > 2 or len(packet) > MOST_QUERY_BYTES:
        raise QueryUnreadable("too much or too little in it", _refusal(id_, bits, Rcode.FORMERR))
    try:
        query = _parsed(packet, id_, bits)
    except _UNREADABLE as error:
        raise QueryUnreadable(f"malformed: {error}", _refusal(id_, bits, Rcode.FORMERR)) from error
    if query.edns and query.edns.version:
        raise QueryUnreadable(f"EDNS version {query.edns.version}", _bad_version(query))
    return query


def write_reply(query: Query, reply: Reply, *, over_udp: bool) -> bytes:
    """The bytes of a reply: cut to nothing with TC when too long, SERVFAIL when it cannot be packed."""
    limit = query.udp_bytes if over_udp else _TCP_BYTES
    if reply.truncated:
        return _packed(query, reply, cut=True)
    try:
        packet = _packed(query, reply)
    except _UNREADABLE:
        return _packed(query, reply.refused_as(Rcode.SERVFAIL))
    return packet if len(packet) <= limit else _packed(query, reply, cut=True)


def _parsed(packet: bytes, id_: int, bits: int) -> Query:
    buffer = DNSBuffer(packet)
    header = DNSHeader.parse(buffer)
    asked = DNSQuestion.parse(buffer)
    labels = tuple(bytes(label) for label in asked.qname.label)
    names.check(labels)
    others = [RR.parse(buffer) for _ in range(header.a + header.auth + header.ar)]
    edns = next((_edns(record) for record in others if record.rtype == QTYPE.OPT), None)
    question = Question(labels, names.text(labels), asked.qtype, asked.qclass)
    return Query(id_, bits & (_RD | _CD), question, edns)


def _edns(record: RR) -> Edns:
    return Edns(udp_bytes=record.rclass, version=record.ttl >> 16 & 0xFF)


def _refusal(id_: int, bits: int, rcode: Rcode) -> bytes:
    return _HEADER.pack(id_, _QR | bits & (_OPCODE | _RD) | rcode, 0, 0, 0, 0)


def _bad_version(query: Query) -> bytes:
    message = _frame(query, query.id, _QR | query.flags)
    message.add_ar(EDNS0(udp_len=_OFFERED_UDP_BYTES, ext_rcode=_BADVERS >> 4))
    return bytes(message.pack())


def _packed(query: Query, reply: Reply, *, cut: bool = False) -> bytes:
    id_ = (query.id + reply.id_offset) % 65_536
    message = _frame(query, id_, _QR | _AA | query.flags | reply.rcode | (_TC if cut else 0))
    if not cut:
        message.add_answer(*_resources(reply.answers))
        message.add_auth(_authority())
    if query.edns:
        message.add_ar(EDNS0(udp_len=_OFFERED_UDP_BYTES))
    return bytes(message.pack())


def _frame(query: Query, id_: int, bits: int) -> DNSRecord:
    asked = query.question
    return DNSRecord(
        DNSHeader(id=id_, bitmap=bits),
        questions=[DNSQuestion(DNSLabel(asked.labels), asked.type, asked.class_)],
    )


def _resources(records: tuple[Record, ...]) -> Iterator[RR]:
    for record in records:
        owner = DNSLabel(record.labels)
        yield RR(owner, record.type, CLASS.IN, record.ttl_seconds, _data(record))


def _data(record: Record) -> object:
    value = record.values[0]
    match record.type:
        case RecordType.A:
            return A(value)
        case RecordType.AAAA:
            return AAAA(value)
        case RecordType.CNAME:
            return CNAME(DNSLabel(names.labels(value)))
        case RecordType.TXT:
            return TXT(_strings(value.encode()))
        case RecordType.CAA:
            tag = value.encode("ascii").decode()
            return CAA(0, tag, record.values[1])


def _strings(text: bytes) -> list[bytes]:
    """A text in strings of at most 255 bytes (RFC 1035 section 3.3)."""
    return [text[at : at + _TEXT_BYTES] for at in range(0, max(1, len(text)), _TEXT_BYTES)]


def _authority() -> RR:
    """The SOA that challtestsrv puts into every reply."""
    zone = "challtestsrv.invalid"
    return RR(zone, QTYPE.SOA, CLASS.IN, 0, SOA(f"ns.{zone}", f"master.{zone}", (1, 1, 1, 1, 1)))
