"""The RA's process: log in at the CA, read its chain, then serve EST and metrics."""

import contextlib
import errno
import ipaddress
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from cryptography import x509

from exporters.endpoint import metrics_endpoint
from exporters.ra import RaMetrics
from testbed import pki
from testbed.errors import CaRefused, CurlError, PartFailed, PkiError, SettingsError
from testbed.ntlm.initiator import Initiator
from testbed.part import Addresses
from testbed.ra import est
from testbed.ra.calls import CaCall
from testbed.ra.certificates import CaChain
from testbed.ra.certsrv import Certsrv, Manners
from testbed.ra.curl import Curl
from testbed.ra.desk import make_desk
from testbed.ra.enrollment import CaSide
from testbed.ra.est_settings import EstLimits
from testbed.ra.front import Front
from testbed.ra.logbook import Logbook
from testbed.ra.memory import Memory
from testbed.ra.nginx_log import subject_text
from testbed.ra.resolver import Resolver
from testbed.ra.tls import est_context
from testbed.ra.turns import Turns
from testbed.scratch import scratch_directory
from testbed.settings import RaPartSettings, RaSettings
from testbed.web.client import Origin, system_address
from testbed.web.messages import Limits
from testbed.web.server import HttpServer


@contextlib.asynccontextmanager
async def running(settings: RaPartSettings) -> AsyncIterator[Addresses]:
    """The RA while the context lasts; gives its addresses, `est` and `metrics`.

    Raises PartFailed when the CA's chain cannot be had, SettingsError when `ra.port` is taken.
    """
    metrics = RaMetrics()
    certsrv = Certsrv(_curl(settings), settings.ra.template, manners(settings.ra))
    with Logbook(settings.log_directory, _trusted(settings.trust_anchor), os.getpid()) as logbook:
        chain = await ca_chain(certsrv, logbook, metrics)
        ca = CaSide(certsrv, chain, metrics, Turns(metrics, blocking=False))
        with scratch_directory("ra") as directory, Memory(directory) as memory:
            front = Front(ca, make_desk(settings.ra, settings.est_password, memory), logbook, metrics)
            async with _listening(settings, front) as url:
                with metrics_endpoint(metrics.registry) as metrics_url:
                    yield {"est": url, "metrics": metrics_url}


async def ca_chain(certsrv: Certsrv, logbook: Logbook, metrics: RaMetrics) -> CaChain:
    """The CA's chain as CES reads it at start, logged; PartFailed when it cannot be had."""
    calls: list[CaCall] = []
    logbook.starting()
    try:
        with contextlib.closing(certsrv.converse(calls.append)) as conversation:
            chain = await conversation.chain()
    except (CurlError, CaRefused) as error:
        logbook.chain_missing(calls[-1])
        raise PartFailed(f"cannot read the CA's chain: {error} at {calls[-1].url}") from error
    logbook.started(calls)
    for call in calls:
        metrics.called(call.stage.value, call.seconds, call.cause)
    return chain


def ca_context(trust_anchor: Path) -> ssl.SSLContext:
    """TLS to the CA as curl has it: OpenSSL verifies the chain, `Curl.check_server` the name."""
    context = pki.client_context(trust_anchor)
    context.check_hostname = False
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextlib.asynccontextmanager
async def _listening(settings: RaPartSettings, front: Front) -> AsyncIterator[str]:
    identity = pki.Identity(settings.server_key, settings.server_certificate)
    context = est_context(identity, settings.ra.est, settings.trust_anchor)
    server = HttpServer(front, context, _limits(settings.ra.est.limits))
    try:
        host, port = await server.start(settings.host, settings.ra.port)
    except OSError as error:
        raise _listen_error(settings, error) from error
    try:
        yield f"https://{host}:{port}{est.PREFIX.rstrip('/')}"
    finally:
        await server.stop()


def _limits(limits: EstLimits) -> Limits:
    return Limits(
        header_bytes=limits.header_bytes, body_bytes=limits.body_bytes,
        request_seconds=limits.request_seconds, handshake_seconds=limits.handshake_seconds,
    )  # fmt: skip


def _listen_error(settings: RaPartSettings, error: OSError) -> SettingsError:
    if error.errno == errno.EADDRINUSE:
        taken = f"port {settings.ra.port} on {settings.host} is in use"
        return SettingsError(f"ra.port: {taken}; choose another, or 0 for any free port")
    why = error.strerror or str(error)
    return SettingsError(f"the RA cannot listen on {settings.host}:{settings.ra.port}: {why}")


def _curl(settings: RaPartSettings) -> Curl:
    address = settings.ca_address or _literal_address(settings.ca_host)
    origin = Origin(settings.ca_host, settings.ca_port, address)
    account = settings.account
    login = Initiator(account.domain, account.user, settings.account_password)
    resolver = settings.ra.resolver
    resolve = Resolver(resolver).address if resolver.server else system_address
    return Curl(origin, ca_context(settings.trust_anchor), login, settings.ra.timers.connect_seconds, resolve)


def manners(settings: RaSettings) -> Manners:
    """How the settings want the CA to be talked to."""
    return Manners(
        settings.timers, settings.retries, settings.connections, settings.pass_unchecked_certificates
    )


def _literal_address(host: str) -> str | None:
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return None


def _trusted(trust_anchor: Path) -> list[str]:
    try:
        certificates = x509.load_pem_x509_certificates(trust_anchor.read_bytes())
    except (OSError, ValueError) as error:
        raise PkiError(f"cannot read trust anchors from {trust_anchor}: {error}") from error
    return [subject_text(certificate.subject) for certificate in certificates]
