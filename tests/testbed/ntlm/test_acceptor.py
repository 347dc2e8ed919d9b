from dataclasses import dataclass

import pytest
import spnego
from hypothesis import given
from hypothesis import strategies as st
from spnego.channel_bindings import GssChannelBindings

from testbed.errors import NtlmError
from testbed.ntlm import proof
from testbed.ntlm.acceptor import Acceptor, ChannelBinding, Names, Proved, Refused
from testbed.ntlm.initiator import Initiator
from testbed.ntlm.messages import AvId, Flag, Negotiate, decode_target_info

NAMES = Names("ESTORM", "estorm.test", "LAB-CA", "lab-ca.estorm.test")
END_POINT = b"\x07" * 32


@dataclass(frozen=True)
class Account:
    user: str
    nt_hash: bytes


CISCORA = Account("ciscora", proof.nt_hash("S3cret-é"))


def find(domain: str, user: str) -> Account | None:
    known = domain.upper() in ("ESTORM", "ESTORM.TEST", "")
    return CISCORA if known and user.lower().partition("@")[0] == "ciscora" else None


def acceptor(binding: ChannelBinding = ChannelBinding.IGNORE) -> Acceptor[Account]:
    return Acceptor(NAMES, find, binding=binding)


def account_of(outcome: Proved[Account] | Refused) -> Account | Refused:
    return outcome.account if isinstance(outcome, Proved) else outcome


def login(
    domain: str, user: str, password: str, server: Acceptor[Account] | None = None
) -> Account | Refused:
    client, server = Initiator(domain, user, password), server or acceptor()
    challenge = server.challenge(client.negotiate())
    type3 = client.authenticate(challenge.raw)
    return account_of(server.check(client.negotiate(), challenge, type3, END_POINT))


def pyspnego_login(
    user: str, server: Acceptor[Account], bindings: GssChannelBindings | None = None
) -> Account | Refused:
    client = spnego.client(user, "S3cret-é", protocol="ntlm", channel_bindings=bindings)
    type1 = client.step()
    assert type1
    challenge = server.challenge(type1)
    type3 = client.step(challenge.raw)
    assert type3
    return account_of(server.check(type1, challenge, type3, END_POINT))


@pytest.mark.parametrize("domain", ["ESTORM", "estorm", "estorm.test", ""])
def test_the_right_password_is_the_account_however_the_domain_is_spelt(domain: str) -> None:
    assert login(domain, "CiscoRA", "S3cret-é") is CISCORA


def test_a_user_principal_name_is_the_account() -> None:
    assert login("", "ciscora@estorm.test", "S3cret-é") is CISCORA


@pytest.mark.parametrize(("user", "password"), [("ciscora", "wrong"), ("nobody", "S3cret-é"), ("", "")])
def test_wrong_credentials_are_refused(user: str, password: str) -> None:
    assert login("ESTORM", user, password) is Refused.BAD_CREDENTIALS


def test_an_answer_to_another_challenge_is_refused() -> None:
    client, server = Initiator("ESTORM", "ciscora", "S3cret-é"), acceptor()
    first, second = server.challenge(client.negotiate()), server.challenge(client.negotiate())
    answer = client.authenticate(first.raw)
    assert server.check(client.negotiate(), second, answer) is Refused.BAD_CREDENTIALS


@pytest.mark.parametrize("user", ["ESTORM\\ciscora", "ciscora@estorm.test", "ciscora"])
def test_pyspnego_with_its_integrity_code_is_accepted(user: str) -> None:
    assert pyspnego_login(user, acceptor()) is CISCORA


def test_an_answer_whose_integrity_code_is_wrong_is_refused() -> None:
    client, server = spnego.client("ESTORM\\ciscora", "S3cret-é", protocol="ntlm"), acceptor()
    type1 = client.step()
    assert type1
    challenge = server.challenge(type1)
    type3 = client.step(challenge.raw)
    assert type3
    broken = type3[:72] + bytes(16) + type3[88:]
    assert server.check(type1, challenge, broken) is Refused.BAD_CREDENTIALS


def test_an_answer_without_binding_is_refused_where_one_is_required() -> None:
    required = acceptor(ChannelBinding.REQUIRE)
    assert login("ESTORM", "ciscora", "S3cret-é", required) is Refused.BAD_BINDING


def test_an_answer_bound_to_this_connection_is_accepted_where_one_is_required() -> None:
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + END_POINT)
    required = acceptor(ChannelBinding.REQUIRE)
    assert pyspnego_login("ESTORM\\ciscora", required, bindings) is CISCORA


@pytest.mark.parametrize("mode", [ChannelBinding.ACCEPT, ChannelBinding.REQUIRE])
def test_an_answer_bound_to_another_connection_is_refused(mode: ChannelBinding) -> None:
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + bytes(32))
    assert pyspnego_login("ESTORM\\ciscora", acceptor(mode), bindings) is Refused.BAD_BINDING


def test_a_challenge_names_the_domain_as_a_member_server_does() -> None:
    challenge = acceptor().challenge(Negotiate(Flag.UNICODE).encode())
    assert challenge.target == "ESTORM"
    assert challenge.flags & Flag.TARGET_TYPE_DOMAIN
    assert set(decode_target_info(challenge.target_info)) == {
        AvId.NETBIOS_DOMAIN, AvId.NETBIOS_COMPUTER, AvId.DNS_DOMAIN, AvId.DNS_COMPUTER, AvId.DNS_TREE,
        AvId.TIMESTAMP,
    }  # fmt: skip


def test_a_client_that_offers_oem_strings_gets_them() -> None:
    challenge = acceptor().challenge(Initiator("", "", "").negotiate())
    assert not challenge.flags & Flag.UNICODE
    assert b"ESTORM" in challenge.raw


@given(st.binary(max_size=300))
def test_any_answer_is_refused_or_an_ntlm_error(tail: bytes) -> None:
    server, client = acceptor(), Initiator("ESTORM", "ciscora", "S3cret-é")
    challenge = server.challenge(client.negotiate())
    whole = client.authenticate(challenge.raw)
    for data in (tail, whole[:12] + tail, whole[:64] + tail, whole[:120] + tail):
        try:
            assert isinstance(server.check(client.negotiate(), challenge, data, END_POINT), Refused)
        except NtlmError:
            continue
