"""How the RA comes to the CA: made from the settings, and its chain read once at start and on a reload."""

import contextlib
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

from testbed import pki
from testbed.errors import CaRefused, CurlError, PartFailed
from testbed.ntlm.initiator import Initiator
from testbed.ra.certificates import CaChain
from testbed.ra.certsrv.calls import CaCall
from testbed.ra.certsrv.client import Certsrv, Manners
from testbed.ra.certsrv.curl import Curl
from testbed.ra.certsrv.handles import PoolWatch
from testbed.ra.certsrv.settings import RaResolver
from testbed.ra.logs.logbook import Logbook
from testbed.settings import RaPartSettings
from testbed.web.client import Origin, Resolve, system_address


def make_certsrv(settings: RaPartSettings, pool_watch: PoolWatch | None = None) -> Certsrv:
    """The CA's pages, as the settings want them talked to; close it after use."""
    ra = settings.ra
    manners = Manners(ra.timers, ra.retries, ra.connections, ra.pass_unchecked_certificates)
    return Certsrv(_curl(settings), ra.template, manners, pool_watch=pool_watch)


async def read_chain(certsrv: Certsrv, logbook: Logbook) -> tuple[CaChain, Sequence[CaCall]]:
    """The CA's chain as CES reads it, logged, and the calls that took; PartFailed when it cannot be had."""
    calls: list[CaCall] = []
    try:
        with contextlib.closing(certsrv.converse(calls.append)) as conversation:
            chain = await conversation.chain()
    except (CurlError, CaRefused) as error:
        logbook.chain_missing(calls[-1])
        raise PartFailed(f"cannot read the CA's chain: {error} at {calls[-1].url}") from error
    return chain, calls


def ca_context(trust_anchor: Path, crl: Path | None = None) -> ssl.SSLContext:
    """TLS to the CA as curl has it: OpenSSL verifies the chain, `Curl.check_server` the name.

    Nobody asks whether the certificate was revoked, unless there is a `crl`, which must be its issuer's.
    """
    context = pki.client_context(trust_anchor)
    context.check_hostname = False
    if crl is not None:
        pki.check_revocation(context, crl)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _curl(settings: RaPartSettings) -> Curl:
    address = settings.ca_address or _literal_address(settings.ca_host)
    origin = Origin(settings.ca_host, settings.ca_port, address)
    account = settings.account
    login = Initiator(account.domain, account.user, settings.account_password)
    tls = ca_context(settings.trust_anchor, settings.ca_crl)
    return Curl(origin, tls, login, settings.ra.timers.connect_seconds, _resolve(settings.ra.resolver))


def _resolve(settings: RaResolver) -> Resolve:
    if not settings.server:
        return system_address
    from testbed.ra.certsrv.resolver import Resolver  # noqa: PLC0415 - c-ares is not everybody's

    return Resolver(settings).address


def _literal_address(host: str) -> str | None:
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return None
