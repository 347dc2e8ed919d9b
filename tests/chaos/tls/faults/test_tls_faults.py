"""Every TLS fault on either hop: its lines in one enrollment, and none of them before and after."""

import pytest

from chaos.tls.faults.cipher_refused import CipherRefused
from chaos.tls.faults.expired import Expired
from chaos.tls.faults.handshake_closed import HandshakeClosed
from chaos.tls.faults.handshake_stalled import HandshakeStalled
from chaos.tls.faults.missing_intermediate import MissingIntermediate
from chaos.tls.faults.not_yet_valid import NotYetValid
from chaos.tls.faults.revoked import Revoked
from chaos.tls.faults.self_signed import SelfSigned
from chaos.tls.faults.unknown_issuer import UnknownIssuer
from chaos.tls.faults.version_refused import VersionRefused
from chaos.tls.faults.weak_key import WeakKey
from chaos.tls.faults.wrong_name import WrongName
from chaos.tls.hop import TlsFault
from tests.chaos.chain import Chain, leaves_its_evidence

KINDS = (
    CipherRefused, Expired, HandshakeClosed, MissingIntermediate, NotYetValid, SelfSigned, UnknownIssuer,
    VersionRefused, WeakKey, WrongName,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_ra_does_not_get_to_its_ca(system: Chain, kind: type[TlsFault]) -> None:
    assert not leaves_its_evidence(system, kind(hop="ra-ca")).enrolled


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_phone_does_not_get_to_the_ra(system: Chain, kind: type[TlsFault]) -> None:
    attempt = leaves_its_evidence(system, kind(hop="phone-ra"))
    assert not attempt.enrolled
    assert attempt.http_status is None


def test_a_handshake_that_the_ca_stalls_is_the_ras_time_out(system: Chain) -> None:
    assert not leaves_its_evidence(system, HandshakeStalled()).enrolled


def test_a_handshake_that_stalls_before_the_ra_is_the_phones_time_out(system: Chain) -> None:
    attempt = leaves_its_evidence(system, HandshakeStalled(hop="phone-ra"))
    assert attempt.tls_seconds is None
    assert not attempt.enrolled


def test_a_revoked_certificate_is_refused_by_an_ra_that_looks(system: Chain) -> None:
    assert not leaves_its_evidence(system, Revoked()).enrolled


@pytest.mark.parametrize("fault", [Revoked(looked_up=False), Revoked(hop="phone-ra")])
def test_a_revoked_certificate_is_noticed_by_nobody_who_does_not_look(system: Chain, fault: Revoked) -> None:
    assert leaves_its_evidence(system, fault).enrolled


def test_of_two_strikes_at_once_the_end_of_either_leaves_the_other(system: Chain) -> None:
    for first_ends in (0, 1):
        fault = Expired()
        strikes = [fault.strike(system), fault.strike(system)]
        for strike in strikes:
            strike.__enter__()
        strikes.pop(first_ends).__exit__(None, None, None)
        assert system.enroll().shows(fault.evidence())
        strikes[0].__exit__(None, None, None)
        assert system.enroll().attempt.enrolled


def test_a_ca_that_is_started_anew_meanwhile_comes_back_with_the_fault_and_without_it_after(
    system: Chain,
) -> None:
    fault = NotYetValid()
    with fault.strike(system):
        system.control.kill("ca")
        system.control.restart("ca")
        assert system.enroll().shows(fault.evidence())
        system.control.kill("ca")
    system.control.restart("ca")
    assert system.enroll().attempt.enrolled
