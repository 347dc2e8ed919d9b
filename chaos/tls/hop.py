"""The two hops that have TLS: whose server it is, how it is swapped, and what its client makes of trouble."""

import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from chaos.errors import ControlRefused, FaultNotInjected
from chaos.evidence import capf_failed, failed_call
from chaos.fault import Evidence, Fault
from chaos.system import Hop, Part, System
from testbed.errors import CurlError
from testbed.est_errors import EstError
from testbed.ra.certsrv.calls import Stage

_SERVERS: Mapping[Hop, Part] = {"ra-ca": "ca", "phone-ra": "ra"}
_ADDRESSES: Mapping[Part, str] = {"ca": "certsrv", "ra": "est"}
_PATIENCE_SECONDS = 5.0


class TlsFault(Fault, frozen=True, kw_only=True):
    """Trouble with the TLS of one hop: `ra-ca` is seen by the RA, `phone-ra` by the phones."""

    curl: ClassVar[tuple[CurlError, ...]]
    """One of these is what the RA's curl says of it."""
    est_error: ClassVar[EstError] = EstError.SSL_CONNECT
    """What CAPF says of it."""

    hop: Hop = "ra-ca"

    def evidence(self) -> tuple[Evidence, ...]:
        """The RA's line with curl's code and text, or CAPF's: who is refused at its door writes nothing."""
        return refused_by(self.hop, self.curl, self.est_error)


def server_of(hop: Hop) -> Part:
    """Whose certificate the hop's client sees."""
    return _SERVERS[hop]


def name_of(system: System, hop: Hop) -> str:
    """The name by which the hop's client looks for the server."""
    if hop == "ra-ca":
        return system.ca_host
    return _address(system, "ra")[0]


def refused_by(hop: Hop, curl: tuple[CurlError, ...], est_error: EstError) -> tuple[Evidence, ...]:
    """What an enrollment leaves whose TLS ends in one of these errors, at the first login for the RA."""
    return failed_call(Stage.LOGIN, *curl) if hop == "ra-ca" else (capf_failed(est_error),)


@contextlib.contextmanager
def changed(system: System, fault: Fault, part: Part, changes: Mapping[str, object]) -> Iterator[None]:
    """The part with other settings during the block; FaultNotInjected when it refuses them."""
    try:
        number = system.control.reload(part, changes)
    except ControlRefused as error:
        raise FaultNotInjected(f"{fault.name}: {error}") from error
    try:
        yield
    finally:
        system.control.restore(part, number)


def shown_by(system: System, part: Part) -> str | None:
    """The certificate, in PEM, that the part shows a new client; None where it is dead or says nothing."""
    if not system.control.part(part).pid:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        tcp = socket.create_connection(_address(system, part), _PATIENCE_SECONDS)
        with tcp, context.wrap_socket(tcp) as tls:
            shown = tls.getpeercert(binary_form=True)
    except OSError:
        return None
    return ssl.DER_cert_to_PEM_cert(shown) if shown else None


def _address(system: System, part: Part) -> tuple[str, int]:
    url = urlsplit(system.control.part(part).addresses[_ADDRESSES[part]])
    return url.hostname or "", url.port or 0
