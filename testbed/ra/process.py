"""The RA's process: log in at the CA, read its chain, then serve EST, metrics and health.

One worker runs here; several are processes of their own, which this one starts, replaces and ends. SIGHUP
reads the launch file again: credentials, and the CA's chain with them.
"""

import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from exporters.processes import AcceptQueue
from testbed import pki
from testbed.errors import CurlError, PartFailed, PkiError, reason
from testbed.part import Addresses
from testbed.ra.certificates import CaChain
from testbed.ra.certsrv.access import make_certsrv, read_chain
from testbed.ra.certsrv.calls import CaCall
from testbed.ra.est import operations as est
from testbed.ra.logs.logbook import Logbook
from testbed.ra.logs.nginx_log import subject_text
from testbed.ra.workers.crew import Crew, Orders, Workplace, working
from testbed.ra.workers.listening import listen, queued
from testbed.ra.workers.nginx import NginxFront, nginx_front
from testbed.reloading import Reloader
from testbed.scratch import scratch_directory
from testbed.settings import RaPartSettings
from testbed.showing import metrics_shown

_TIMED_OUT = 28

Reread = Callable[[], RaPartSettings]
Acknowledge = Callable[[str | None], None]


@contextlib.asynccontextmanager
async def running(
    settings: RaPartSettings, reread: Reread | None = None, acknowledge: Acknowledge | None = None
) -> AsyncIterator[Addresses]:
    """The RA while the context lasts; gives its addresses, `est` and `metrics`.

    `reread` gives the settings anew when SIGHUP comes; None: the signal is not looked for. `acknowledge` is
    told how each reload ended. Raises PartFailed when the CA's chain cannot be had, SettingsError when
    `ra.port` is taken or the metrics cannot be shown as `ra.metrics` says.
    """
    async with contextlib.AsyncExitStack() as owned:
        trusted = _trusted(settings.trust_anchor)
        logbook = owned.enter_context(Logbook(settings.log_directory, trusted, os.getpid()))
        directory = owned.enter_context(scratch_directory("ra"))
        logbook.starting()
        chain, calls = await _first_chain(settings, logbook)
        required = settings.ra.est.proof_of_possession == "on"
        logbook.started(calls, possession_required=required)
        listener = owned.enter_context(listen(settings.host, settings.ra.port, settings.ra.workers.queue))
        host, port = listener.getsockname()[:2]
        nginx, behind = await _behind_front(settings, listener, directory, owned)
        orders = Orders(settings, chain, tuple(calls))
        workplace = Workplace(behind, directory, logbook, trusted)
        crew = await owned.enter_async_context(working(orders, workplace))
        crew.registry.register(AcceptQueue(lambda: queued(behind)))
        metrics_url = owned.enter_context(
            metrics_shown(settings.ra.metrics, "ra.metrics", crew.registry, crew.health)
        )
        if reread is not None:
            served = _Served(crew, nginx, orders)
            owned.enter_context(_reloader(served, reread, logbook, acknowledge).on_sighup())
        yield {"est": f"https://{host}:{port}{est.PREFIX.rstrip('/')}", "metrics": metrics_url}


async def _behind_front(
    settings: RaPartSettings, listener: socket.socket, directory: Path, owned: contextlib.AsyncExitStack
) -> tuple[NginxFront | None, socket.socket]:
    """NGINX if it is the front, and the socket that the workers serve: the clients', or one it comes to."""
    if settings.ra.front == "embedded":
        return None, listener
    behind = owned.enter_context(listen("127.0.0.1", 0, settings.ra.workers.queue))
    host, port = behind.getsockname()[:2]
    nginx = await owned.enter_async_context(nginx_front(settings, directory, listener, f"{host}:{port}"))
    return nginx, behind


async def _first_chain(settings: RaPartSettings, logbook: Logbook) -> tuple[CaChain, Sequence[CaCall]]:
    """PartFailed says what to do when the CA was merely too slow; CES cannot serve then either."""
    try:
        return await _chain(settings, logbook)
    except PartFailed as failure:
        if not (isinstance(failure.__cause__, CurlError) and failure.__cause__.code == _TIMED_OUT):
            raise
        timers = settings.ra.timers.by_name
        waits = ", ".join(f"{name} {timers[name]:g} s" for name in ("connect", "login", "download"))
        raise PartFailed(
            f"{failure}; without it no RA can serve. Let [ra.timers] wait longer ({waits}), or the CA answer "
            "sooner when the RA starts ([ca.capacity]; another [ca] seed draws other times)"
        ) from failure


async def _chain(settings: RaPartSettings, logbook: Logbook) -> tuple[CaChain, Sequence[CaCall]]:
    with contextlib.closing(make_certsrv(settings)) as certsrv:
        return await read_chain(certsrv, logbook)


@dataclass
class _Served:
    """What serves clients now, and with what."""

    crew: Crew
    nginx: NginxFront | None
    orders: Orders

    async def reload(self, orders: Orders) -> None:
        """Serve with these from now on; what raises changes nothing."""
        settings = orders.settings
        pki.server_context(pki.Identity(settings.server_key, settings.server_certificate), settings.tls)
        if self.nginx is not None:
            await self.nginx.reload(settings)
        await self.crew.reload(orders)
        self.orders = orders


def _reloader(
    served: _Served, reread: Reread, logbook: Logbook, acknowledge: Acknowledge | None
) -> Reloader[RaPartSettings]:
    """Keeps what there is when the new cannot be had, and says so in the log.

    The CA's chain is kept when the CA is the same and merely cannot be asked now.
    """

    async def apply(settings: RaPartSettings) -> None:
        try:
            chain, calls = await _chain(settings, logbook)
        except PartFailed:
            if _way_to_ca(settings) != _way_to_ca(served.orders.settings):
                raise
            chain, calls = served.orders.chain, ()
        await served.reload(Orders(settings, chain, tuple(calls)))

    def tell(problem: str | None) -> None:
        logbook.reloaded(problem, time.time())
        if acknowledge is not None:
            acknowledge(problem)

    return Reloader(reread, apply, tell)


def _way_to_ca(settings: RaPartSettings) -> tuple[object, ...]:
    account = settings.account.name, settings.account_password
    return settings.ca_host, settings.ca_port, settings.ca_address, settings.trust_anchor, account


def _trusted(trust_anchor: Path) -> list[str]:
    try:
        certificates = x509.load_pem_x509_certificates(trust_anchor.read_bytes())
    except (OSError, ValueError) as error:
        raise PkiError(f"cannot read trust anchors from {trust_anchor}: {reason(error)}") from error
    return [subject_text(certificate.subject) for certificate in certificates]
