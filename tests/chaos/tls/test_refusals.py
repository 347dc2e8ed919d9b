"""A TLS fault that cannot be had says why, and leaves the chain as it was."""

from pathlib import Path

import pytest

from chaos.errors import FaultNotInjected
from chaos.tcp.client import ProxyWish
from chaos.tls.certificate import lab_root
from chaos.tls.faults.cipher_refused import CipherRefused
from chaos.tls.faults.handshake_closed import HandshakeClosed
from tests.chaos.chain import Chain


@pytest.mark.parametrize(("hop", "part"), [("ra-ca", "ca"), ("phone-ra", "ra")])
def test_ciphers_that_openssl_does_not_know_are_refused_by_the_part(
    system: Chain, hop: str, part: str
) -> None:
    fault = CipherRefused(hop=hop, ciphers="ENIGMA")  # type: ignore[arg-type]
    why = rf"^tls\.cipher_refused: the {part} goes on with the settings it had: tls\.ciphers: .*'ENIGMA'"
    with pytest.raises(FaultNotInjected, match=why), fault.strike(system):
        pass
    assert system.enroll().attempt.enrolled


def test_a_hop_without_a_proxy_cannot_be_cut(system: Chain) -> None:
    proxy = system.proxies.proxy("ra-ca")
    system.proxies.delete("ra-ca")
    try:
        with (
            pytest.raises(FaultNotInjected, match=r"^tls\.handshake_closed: proxy not found"),
            HandshakeClosed().strike(system),
        ):
            pass
    finally:
        system.proxies.create(ProxyWish("ra-ca", proxy.upstream, proxy.listen))
    assert system.enroll().attempt.enrolled


def test_without_the_labs_root_key_no_certificate_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(FaultNotInjected, match=r"^no certificate can be made: cannot use the CA's key"):
        lab_root(tmp_path)
