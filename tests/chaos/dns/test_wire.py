"""Any bytes are a query or a clean refusal; any reply fits its transport and reads back as it was."""

import struct

import pytest
from dnslib import CLASS, EDNS0, QTYPE, DNSRecord
from hypothesis import example, given
from hypothesis import strategies as st

from chaos.dns.reply import Rcode, Record, RecordType, Reply
from chaos.dns.wire import MOST_QUERY_BYTES, Query, read_query, write_reply
from chaos.errors import QueryUnreadable
from tests.chaos.dns.asking import packet, read

HEADER = struct.Struct("!HHHHHH")
NAME = b"\x02ca\x04test\x00"
ASKED = NAME + b"\x00\x01\x00\x01"
RD, CD = 0x0100, 0x0010
POINTS_AT_ITSELF = HEADER.pack(7, RD, 1, 0, 0, 0) + b"\xc0\x0c\x00\x01\x00\x01"
POINTS_IN_CIRCLES = HEADER.pack(0, RD, 1, 0, 0, 0) + b"\x00\x01\xc0\x0c\xc0\x0e"
mutated = st.tuples(
    st.builds(packet, st.sampled_from(["ca.test", "a.b.c.d.e.test"]), st.sampled_from(["A", "ANY", "TXT"])),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=6),
    st.binary(max_size=40),
).map(lambda given: _damaged(*given))
addresses = st.lists(st.ip_addresses(v=4).map(str), max_size=200)


def _damaged(data: bytes, changes: list[tuple[int, int]], more: bytes) -> bytes:
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    return bytes(damaged) + more


def edns_query(udp_bytes: int, version: int = 0) -> bytes:
    asked = DNSRecord.parse(packet())
    asked.add_ar(EDNS0(udp_len=udp_bytes, version=version))
    return bytes(asked.pack())


def a_records(values: list[str]) -> tuple[Record, ...]:
    return tuple(Record((b"ca", b"test"), RecordType.A, (value,), 60) for value in values)


@given(st.one_of(st.binary(max_size=600), mutated))
@example(POINTS_AT_ITSELF)
@example(POINTS_IN_CIRCLES)
@example(HEADER.pack(7, RD, 1, 0, 0, 0) + b"\xc0\x00\x00\x01\x00\x01")
def test_any_bytes_are_a_query_that_can_be_answered_or_a_refusal(data: bytes) -> None:
    answer = answered(data)
    assert answer is None or answer[:2] == data[:2]


def answered(data: bytes) -> bytes | None:
    try:
        return write_reply(read_query(data), Reply(), over_udp=True)
    except QueryUnreadable as unreadable:
        return unreadable.answer


@given(addresses, st.sampled_from([None, 0, 512, 1232, 4096, 65_535]), st.booleans())
def test_a_reply_fits_or_says_that_it_was_cut(
    values: list[str], udp_bytes: int | None, over_udp: bool
) -> None:
    query = read_query(packet() if udp_bytes is None else edns_query(udp_bytes))
    written = write_reply(query, Reply(answers=a_records(values)), over_udp=over_udp)
    answer = read(written)
    if answer.truncated:
        assert over_udp
        assert answer.records == ()
        assert len(written) <= 512
    else:
        assert answer.addresses == values
        assert not over_udp or len(written) <= max(512, udp_bytes or 0)


@pytest.mark.parametrize("data", [b"", b"\x00" * 11, HEADER.pack(7, 0x8000, 1, 0, 0, 0) + ASKED])
def test_scraps_and_replies_are_met_with_silence(data: bytes) -> None:
    with pytest.raises(QueryUnreadable) as unreadable:
        read_query(data)
    assert unreadable.value.answer is None


@pytest.mark.parametrize(
    ("data", "rcode"),
    [
        (HEADER.pack(7, RD, 0, 0, 0, 0), Rcode.FORMERR),
        (HEADER.pack(7, RD, 2, 0, 0, 0) + ASKED * 2, Rcode.FORMERR),
        (HEADER.pack(7, RD, 1, 2, 0, 0) + ASKED, Rcode.FORMERR),
        (HEADER.pack(7, RD, 1, 0, 0, 3) + ASKED, Rcode.FORMERR),
        (HEADER.pack(7, RD, 1, 0, 0, 0) + ASKED[:-3], Rcode.FORMERR),
        (HEADER.pack(7, RD, 1, 0, 0, 0) + b"\x40" + b"a" * 64 + b"\x00\x00\x01\x00\x01", Rcode.FORMERR),
        (HEADER.pack(7, RD, 1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 4 + b"\x00\x00\x01\x00\x01", Rcode.FORMERR),
        (packet() + b"\x00" * MOST_QUERY_BYTES, Rcode.FORMERR),
        (POINTS_AT_ITSELF, Rcode.FORMERR),
        (HEADER.pack(7, RD | 2 << 11, 1, 0, 0, 0) + ASKED, Rcode.NOTIMP),
        (HEADER.pack(7, RD | 5 << 11, 1, 0, 0, 0) + ASKED, Rcode.NOTIMP),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_bare_header(data: bytes, rcode: Rcode) -> None:
    with pytest.raises(QueryUnreadable) as unreadable:
        read_query(data)
    assert unreadable.value.answer is not None
    id_, bits, *counts = HEADER.unpack(unreadable.value.answer)
    assert (id_, bits & 0xF, counts) == (7, rcode, [0, 0, 0, 0])
    assert bits & 0x7800 == HEADER.unpack_from(data)[1] & 0x7800


def test_an_edns_version_from_the_future_is_badvers() -> None:
    with pytest.raises(QueryUnreadable) as unreadable:
        read_query(edns_query(1232, version=1))
    assert unreadable.value.answer is not None
    answer = DNSRecord.parse(unreadable.value.answer)
    assert (answer.header.rcode, answer.ar[0].rtype, answer.ar[0].ttl >> 24) == (0, QTYPE.OPT, 1)


@pytest.mark.parametrize(("flags", "repeated"), [(RD, RD), (CD, CD), (RD | CD, RD | CD), (0, 0), (0x0020, 0)])
def test_a_reply_repeats_rd_and_cd_and_is_authoritative(flags: int, repeated: int) -> None:
    query = read_query(HEADER.pack(7, flags, 1, 0, 0, 0) + ASKED)
    _, bits, *_ = HEADER.unpack_from(write_reply(query, Reply(), over_udp=True))
    assert bits == 0x8400 | repeated


def test_a_wrong_id_wraps_around() -> None:
    query = read_query(packet(id_=65_535))
    assert read(write_reply(query, Reply(id_offset=2), over_udp=True)).id == 1


def test_edns_is_answered_only_where_it_was_asked() -> None:
    plain, asked = read_query(packet()), read_query(edns_query(4096))
    assert DNSRecord.parse(write_reply(plain, Reply(), over_udp=True)).ar == []
    assert DNSRecord.parse(write_reply(asked, Reply(), over_udp=True)).ar[0].rclass == 1232


def test_the_question_comes_back_byte_for_byte() -> None:
    data = HEADER.pack(7, RD, 1, 0, 0, 0) + b"\x05cA\x01.b\x00" + b"\x00\x01" + bytes([0, CLASS.CH])
    query = read_query(data)
    assert data[12:] in write_reply(query, Reply(), over_udp=True)


@pytest.mark.parametrize(
    ("type_", "values", "shown"),
    [
        (RecordType.A, ("127.0.0.9",), "127.0.0.9"),
        (RecordType.AAAA, ("2001:db8::1",), "2001:db8::1"),
        (RecordType.CNAME, ("Other.test",), "Other.test."),
        (RecordType.TXT, ("a" * 300,), '"' + "a" * 255 + '","' + "a" * 45 + '"'),
        (RecordType.TXT, ("",), '""'),
        (RecordType.CAA, ("issue", "letsencrypt.org"), '0 issue "letsencrypt.org"'),
    ],
)
def test_every_type_reads_back_as_it_was_written(
    type_: RecordType, values: tuple[str, ...], shown: str
) -> None:
    record = Record((b"ca", b"test"), type_, values, 60)
    answer = read(write_reply(_any_query(), Reply(answers=(record,)), over_udp=False))
    assert answer.records == (("ca.test.", type_, shown, 60),)


@pytest.mark.parametrize(
    ("type_", "values"),
    [(RecordType.CNAME, ("a..b",)), (RecordType.CAA, ("täg", "x")), (RecordType.CAA, ("t" * 300, "x"))],
)
def test_a_record_that_no_packet_can_carry_is_servfail(type_: RecordType, values: tuple[str, ...]) -> None:
    record = Record((b"ca", b"test"), type_, values, 60)
    answer = read(write_reply(_any_query(), Reply(answers=(record,)), over_udp=True))
    assert (answer.rcode, answer.records) == (Rcode.SERVFAIL, ())


def _any_query() -> Query:
    return read_query(packet())
