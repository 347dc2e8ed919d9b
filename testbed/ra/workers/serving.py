"""One worker of the RA: an EST server on the listening socket, in this process."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from cryptography import x509

from exporters.ra import RaMetrics
from testbed import pki
from testbed.ra.certificates import CaChain
from testbed.ra.certsrv.access import make_certsrv
from testbed.ra.certsrv.client import Certsrv
from testbed.ra.enrollment import CaSide
from testbed.ra.est.desk import make_desk
from testbed.ra.front import Front
from testbed.ra.late_certificates import LateCertificates
from testbed.ra.logs.logbook import Logbook
from testbed.ra.settings import RaSettings
from testbed.ra.workers.accepting import Acceptor
from testbed.ra.workers.memory import Memory
from testbed.ra.workers.tls import est_context
from testbed.ra.workers.turns import Turns
from testbed.settings import RaPartSettings
from testbed.web.messages import Limits
from testbed.web.server import HttpServer

# libEST's blocking handshake has no timer.
_NEVER_SECONDS = 1e6


class Worker:
    """Serves clients; `directory` is what all workers of the RA share."""

    def __init__(
        self, settings: RaPartSettings, chain: CaChain, logbook: Logbook, memory: Memory, directory: Path
    ) -> None:
        self.metrics = RaMetrics(settings.ra.timers.by_name)
        self._logbook, self._memory, self._directory = logbook, memory, directory
        self._settings = settings
        # libEST's workers hold one connection each, so no enrollment ever waits inside one.
        waits = settings.ra.workers.blocking and settings.ra.est.profile != "libest"
        self._turns = Turns(self.metrics, settings.ra.workers.each if waits else 0)
        self._front = self._make_front(settings, chain)
        self._server = HttpServer(self._front, _tls(settings), limits(settings.ra))
        self._show_expiry(settings, chain)

    async def replace(self, settings: RaPartSettings, chain: CaChain) -> None:
        """Serve clients that connect from now on with other credentials, another chain and TLS identity.

        PkiError or SettingsError when those cannot be used; nothing is changed then.
        """
        tls = _tls(settings)
        front = self._make_front(settings, chain)
        self._front.ca.certsrv.close()
        self._front = self._server.session_factory = front
        if tls is not None:
            await self._server.present(tls)
        self._show_expiry(settings, chain)

    def _show_expiry(self, settings: RaPartSettings, chain: CaChain) -> None:
        own = x509.load_pem_x509_certificate(settings.server_certificate.read_bytes())
        first = min(certificate.not_valid_after_utc for certificate in chain.certificates)
        self.metrics.certificates_expire(own.not_valid_after_utc.timestamp(), first.timestamp())

    @contextlib.asynccontextmanager
    async def serving(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve what arrives at `listener` while the context lasts; then let what is in flight end."""
        workers = self._settings.ra.workers
        hold = workers.blocking and self._settings.ra.est.profile == "libest"
        acceptor = Acceptor(self._server, workers, self.metrics, self._turns, self._logbook, hold=hold)
        try:
            async with acceptor.accepting(listener):
                yield
            await asyncio.shield(self._server.drain(self._settings.ra.drain_seconds))
        finally:
            await self._server.stop()
            self._front.ca.certsrv.close()

    def _make_front(self, settings: RaPartSettings, chain: CaChain) -> Front:
        ra = settings.ra
        late = None
        if ra.hand_out_late_certificates:
            late = LateCertificates(self._directory, ra.late_certificates_kept)
        certsrv: Certsrv = make_certsrv(settings, self.metrics)
        ca = CaSide(certsrv, chain, self.metrics, self._turns, late)
        desk = make_desk(ra, settings.est_password, self._memory)
        return Front(ca, desk, self._logbook, self.metrics, proxied=ra.front == "nginx")


def limits(settings: RaSettings) -> Limits:
    """What one client may take; libEST's blocking workers wait for a handshake as long as it takes."""
    limits = settings.est.limits
    endless = settings.est.profile == "libest" and settings.workers.blocking
    return Limits(
        header_bytes=limits.header_bytes, body_bytes=limits.body_bytes,
        request_seconds=limits.request_seconds,
        handshake_seconds=_NEVER_SECONDS if endless else limits.handshake_seconds,
    )  # fmt: skip


def _tls(settings: RaPartSettings) -> ssl.SSLContext | None:
    if settings.ra.front == "nginx":
        return None
    identity = pki.Identity(settings.server_key, settings.server_certificate)
    return est_context(identity, settings.ra.est, settings.trust_anchor, settings.tls)
