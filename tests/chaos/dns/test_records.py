import pytest

from chaos.dns.records import CaaPolicy, Records, caa_values
from chaos.dns.reply import Rcode, RecordType, Reply
from tests.chaos.dns.asking import question

A, AAAA, CAA, TXT = RecordType.A, RecordType.AAAA, RecordType.CAA, RecordType.TXT


@pytest.fixture
def records() -> Records:
    return Records("127.0.0.1", "::1", ttl_seconds=60)


def values(reply: Reply) -> list[tuple[str, ...]]:
    assert reply.rcode == Rcode.NOERROR
    return [record.values for record in reply.answers]


@pytest.mark.parametrize(("type_", "address"), [("A", "127.0.0.1"), ("AAAA", "::1")])
def test_a_name_nobody_knows_has_the_default_address(records: Records, type_: str, address: str) -> None:
    assert values(records.answer(question("new.test", type_))) == [(address,)]


@pytest.mark.parametrize("type_", ["A", "AAAA"])
def test_without_a_default_it_has_none(type_: str) -> None:
    assert values(Records("", "", 0).answer(question("new.test", type_))) == []


def test_addresses_add_up_in_the_order_they_came(records: Records) -> None:
    records.add(A, "ca.test", [("127.0.0.2",)])
    records.add(A, "ca.test.", [("127.0.0.3",)])
    assert values(records.answer(question())) == [("127.0.0.2",), ("127.0.0.3",)]


def test_a_name_is_found_in_any_case(records: Records) -> None:
    records.add(A, "CA.test", [("127.0.0.2",)])
    assert values(records.answer(question("ca.TEST"))) == [("127.0.0.2",)]


def test_the_answer_repeats_the_name_as_it_was_asked(records: Records) -> None:
    assert records.answer(question("ca.TEST")).answers[0].labels == (b"ca", b"TEST")


def test_cleared_addresses_give_way_to_the_default(records: Records) -> None:
    records.add(A, "ca.test", [("127.0.0.2",)])
    records.clear(A, "ca.test")
    records.clear(A, "never.test")
    assert values(records.answer(question())) == [("127.0.0.1",)]


@pytest.mark.parametrize("wrong", ["::1", "lab-dc", "1.2.3", "", "fe80::1%eth0"])
def test_what_is_no_ipv4_address_is_never_answered(records: Records, wrong: str) -> None:
    records.add(A, "ca.test", [(wrong,), ("127.0.0.2",)])
    assert values(records.answer(question())) == [("127.0.0.2",)]


@pytest.mark.parametrize("wrong", ["127.0.0.2", "::ffff:127.0.0.2", "fe80::1%eth0"])
def test_what_is_no_ipv6_address_is_never_answered(records: Records, wrong: str) -> None:
    records.add(AAAA, "ca.test", [(wrong,), ("::2",)])
    assert values(records.answer(question(type_="AAAA"))) == [("::2",)]


def test_an_ipv4_address_written_as_ipv6_is_one(records: Records) -> None:
    records.add(A, "ca.test", [("::ffff:127.0.0.2",)])
    assert values(records.answer(question())) == [("127.0.0.2",)]


def test_addresses_of_both_families_find_their_types(records: Records) -> None:
    records.add_addresses("ca.test", ("127.0.0.2", "::2"))
    assert values(records.answer(question())) == [("127.0.0.2",)]
    assert values(records.answer(question(type_="AAAA"))) == [("::2",)]


def test_an_alias_is_followed_one_step(records: Records) -> None:
    records.set_alias("one.test", "two.test")
    records.set_alias("two.test", "three.test")
    records.add(A, "two.test", [("127.0.0.2",)])
    records.add(A, "three.test", [("127.0.0.3",)])
    answers = records.answer(question("one.test")).answers
    assert [(each.labels[0], each.type, each.values) for each in answers] == [
        (b"one", RecordType.CNAME, ("two.test",)),
        (b"two", RecordType.A, ("127.0.0.2",)),
    ]


def test_the_last_alias_is_the_one(records: Records) -> None:
    records.set_alias("one.test", "two.test")
    records.set_alias("one.test", "three.test")
    assert records.answer(question("one.test", "CNAME")).answers[0].values == ("three.test",)
    records.clear(RecordType.CNAME, "one.test")
    assert values(records.answer(question("one.test", "CNAME"))) == []


def test_an_alias_of_something_that_is_no_name_is_servfail(records: Records) -> None:
    records.set_alias("one.test", "a..b")
    assert records.answer(question("one.test")) == Reply(Rcode.SERVFAIL)


def test_texts_and_policies_are_answered(records: Records) -> None:
    records.add(TXT, "ca.test", [("foo",), ("bar",)])
    records.add(CAA, "ca.test", caa_values([CaaPolicy("issue", "letsencrypt.org")]))
    assert values(records.answer(question(type_="TXT"))) == [("foo",), ("bar",)]
    assert values(records.answer(question(type_="CAA"))) == [("issue", "letsencrypt.org")]


@pytest.mark.parametrize("type_", ["A", "TXT", "MX"])
def test_a_failing_name_fails_whatever_it_has(records: Records, type_: str) -> None:
    records.add(A, "ca.test", [("127.0.0.2",)])
    records.set_failing("ca.test.", failing=True)
    assert records.answer(question("CA.test", type_)) == Reply(Rcode.SERVFAIL)
    records.set_failing("ca.test", failing=False)
    assert records.answer(question()).rcode == Rcode.NOERROR


@pytest.mark.parametrize("type_", ["MX", "ANY", "SOA", "NS"])
def test_types_nobody_taught_it_are_not_implemented(records: Records, type_: str) -> None:
    assert records.answer(question(type_=type_)) == Reply(Rcode.NOTIMP)


def test_records_live_as_long_as_they_are_told(records: Records) -> None:
    assert records.answer(question()).answers[0].ttl_seconds == 60
