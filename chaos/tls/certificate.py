"""Faults that are another certificate: made for the strike with the lab's own keys, shown while it lasts."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from chaos.errors import FaultNotInjected
from chaos.system import Part, System
from chaos.tls.hop import TlsFault, changed, name_of, server_of, shown_by
from testbed.ca.authority import Authority, load_authority
from testbed.errors import CurlError, PkiError
from testbed.pki import Identity, PrivateKey, make_server_certificate, write_identity
from testbed.scratch import scratch_directory

Change = tuple[Part, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Order:
    """Whom a certificate is for and who can sign it: `name` of the server, the lab's root, the time."""

    name: str
    root: Authority
    now: dt.datetime


class CertificateFault(TlsFault, frozen=True, kw_only=True):
    """Another certificate at one end of a hop; connections that are open stay as they are."""

    ciphers: ClassVar[str] = ""
    """What the server must agree to, so that it can show it at all."""

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Shown to everybody who connects from now on."""
        order = Order(name_of(system, self.hop), lab_root(system.pki), dt.datetime.now(dt.UTC))
        with scratch_directory("tls") as directory, contextlib.ExitStack() as owned:
            shown = self.identity(order, directory)
            for part, changes in (*self.before(shown, order), self._change_to(shown)):
                owned.enter_context(changed(system, self, part, changes))
            self._must_be_shown(system)
            yield

    def before(self, shown: Identity, order: Order) -> Sequence[Change]:  # noqa: ARG002
        """What else must be changed, and first."""
        return ()

    def identity(self, order: Order, directory: Path) -> Identity:
        """Key and certificate, written to `directory`."""
        key = self.key()
        return write_identity(directory, "server", key, self.certificate(key, order))

    def key(self) -> PrivateKey:
        """A new key: P-256, as the lab's servers have."""
        return ec.generate_private_key(ec.SECP256R1())

    def certificate(self, key: PrivateKey, order: Order) -> x509.Certificate:
        """The certificate; without another, a good one."""
        return make_server_certificate(key, order.name, order.root.key, order.root.certificate, order.now)

    def _change_to(self, shown: Identity) -> Change:
        changes: dict[str, object] = {
            "server_key": str(shown.key_path),
            "server_certificate": str(shown.certificate_path),
        }  # fmt: skip
        if self.ciphers:
            changes["tls.ciphers"] = self.ciphers
        return server_of(self.hop), changes

    def _must_be_shown(self, system: System) -> None:
        part = server_of(self.hop)
        own = (system.pki / f"{part}-server.pem").read_text()
        if shown_by(system, part) == own:
            raise FaultNotInjected(f"{self.name}: the {part} still shows its own certificate")


def lab_root(pki: Path) -> Authority:
    """The root that signs the lab's server certificates; FaultNotInjected when its key is not at hand."""
    try:
        return load_authority(pki / "root.key", pki / "root.pem")
    except PkiError as error:
        raise FaultNotInjected(f"no certificate can be made: {error}") from error


def distrusted(problem: str) -> tuple[CurlError, ...]:
    """What curl says of a certificate that OpenSSL does not accept, in OpenSSL's words."""
    return (CurlError(60, f"SSL certificate problem: {problem}"),)
