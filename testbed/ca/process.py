"""The CA as a running whole: everything wired together, served, and taken down in order.

SIGHUP reads the launch file again: templates, accounts, capacity, its own certificate. Ports, database, log
and the faults switched on at the management port stay.
"""

import contextlib
import datetime as dt
import hashlib
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from exporters.ca import CaMetrics
from testbed.ca import database
from testbed.ca.authentication import Doorkeeper
from testbed.ca.authority import load_authority
from testbed.ca.capacity import Capacity
from testbed.ca.commits import CommitQueue
from testbed.ca.directory import Account, directory_of
from testbed.ca.faults import FaultBoard
from testbed.ca.front import Front
from testbed.ca.issuing import Issuer
from testbed.ca.management import ManagementSession
from testbed.ca.pages import Pages
from testbed.ca.sabotage import Saboteur
from testbed.ca.service import CertificationService, Store
from testbed.ca.settings import CaSettings
from testbed.ca.site import Site
from testbed.ca.stalling import let_stall
from testbed.ca.w3c_log import W3cLog
from testbed.errors import DatabaseError, PkiError, reason
from testbed.listening import start_listening
from testbed.ntlm.acceptor import Acceptor, ChannelBinding, Names
from testbed.pki import Identity, server_context
from testbed.reloading import Reloader
from testbed.settings import CaPartSettings
from testbed.showing import metrics_shown
from testbed.web.messages import Limits
from testbed.web.server import HttpServer

_LOGGER = logging.getLogger(__name__)
# IIS keeps a silent connection two minutes, handshake or not; classic ASP takes a body of 200 000 bytes.
_LIMITS = Limits(header_bytes=16_384, body_bytes=200_000, handshake_seconds=120.0, request_seconds=120.0)


Acknowledge = Callable[[str | None], None]


@dataclass(frozen=True, slots=True)
class _Premises:
    """What stays while the CA runs, whatever its settings become."""

    store: Store
    log: W3cLog
    metrics: CaMetrics
    board: FaultBoard


@contextlib.asynccontextmanager
async def running(
    part: CaPartSettings,
    reread: Callable[[], CaPartSettings] | None = None,
    acknowledge: Acknowledge | None = None,
) -> AsyncIterator[Mapping[str, str]]:
    """The CA, serving, for as long as the context lasts.

    Gives its addresses: `certsrv`, `metrics` and `management`, all URLs. PartFailed when a port is taken,
    SettingsError when the metrics cannot be shown as `ca.metrics` says, PkiError or DatabaseError when a file
    cannot be used. `reread` gives the settings anew when SIGHUP comes;
    None: the signal is not looked for. `acknowledge` is told how each reload ended.
    """
    with contextlib.ExitStack() as owned:
        metrics = CaMetrics()
        store = _open_store(part.database, metrics, owned)
        metrics.show_rows(partial(_rows, part.database))
        log = W3cLog(_existing(part.log_directory), _now)
        owned.callback(log.close)
        board = FaultBoard(part.ca.faults, metrics.fault)
        premises = _Premises(store, log, metrics, board)
        front = _front(part, premises)
        server = HttpServer(front.session, _tls(part, board), _LIMITS)
        manager = HttpServer(partial(ManagementSession, board), None)
        metrics.connections.set_function(lambda: len(server.connections))
        shown = owned.enter_context(metrics_shown(part.ca.metrics, "ca.metrics", metrics.registry))
        host, port = await start_listening(server, "the CA", part.host, part.ca.port, "ca.port")
        try:
            manager_host, manager_port = await start_listening(
                manager, "the CA", "127.0.0.1", part.ca.management_port, "ca.management_port"
            )
            if reread is not None:
                reloader = _reloader(front, server, premises, reread, acknowledge)
                owned.enter_context(reloader.on_sighup())
            yield {
                "certsrv": f"https://{host}:{port}/certsrv",
                "metrics": shown,
                "management": f"http://{manager_host}:{manager_port}",
            }
        finally:
            board.end()
            await manager.stop()
            await server.stop()


def _reloader(
    front: Front,
    server: HttpServer,
    premises: _Premises,
    reread: Callable[[], CaPartSettings],
    acknowledge: Acknowledge | None,
) -> Reloader[CaPartSettings]:
    """Keeps what there is when the new cannot be had, and says so on standard error."""

    async def apply(part: CaPartSettings) -> None:
        tls, new = _tls(part, premises.board), _front(part, premises)
        await server.present(tls)
        front.adopt(new)

    def tell(problem: str | None) -> None:
        if problem is not None:
            _LOGGER.error("not reconfigured: %s", problem)
        if acknowledge is not None:
            acknowledge(problem)

    return Reloader(reread, apply, tell)


def _tls(part: CaPartSettings, board: FaultBoard) -> ssl.SSLContext:
    tls = server_context(Identity(part.server_key, part.server_certificate), part.tls)
    let_stall(tls, board.strikes_handshake)
    return tls


def _front(part: CaPartSettings, premises: _Premises) -> Front:
    settings, metrics = part.ca, premises.metrics
    issuer = Issuer(load_authority(part.issuing_key, part.issuing_chain), settings, os.urandom)
    capacity = Capacity(settings.capacity, settings.seed, metrics)
    service = CertificationService(settings, issuer, premises.store, metrics, capacity, _now)
    pages = Pages(settings.name)
    site = Site(service, pages, _now)
    return Front(
        site=site,
        saboteur=Saboteur(premises.board, site, service),
        capacity=capacity,
        pages=pages,
        doorkeeper=_doorkeeper(settings, part.account_password),
        log=premises.log,
        metrics=metrics,
        now=_now,
        random_bytes=os.urandom,
        end_point=_end_point(part.server_certificate),
    )


def _doorkeeper(settings: CaSettings, account_password: str) -> Doorkeeper:
    directory = directory_of(settings, account_password)
    computer = settings.name.upper()[:15]
    dns_computer = f"{computer.lower()}.{settings.dns_domain}"
    names = Names(settings.account.domain.upper(), settings.dns_domain, computer, dns_computer)
    binding = ChannelBinding(settings.channel_binding)
    acceptor: Acceptor[Account] = Acceptor(names, directory.find, binding=binding)
    return Doorkeeper(
        directory, acceptor, settings.schemes, dns_computer, persist=settings.persist_authentication
    )


def _open_store(path: Path, metrics: CaMetrics, owned: contextlib.ExitStack) -> Store:
    writer = database.open_for_service(path)

    def meter(seconds: float, rows: int) -> None:
        metrics.commit_seconds.observe(seconds)
        metrics.commit_rows.observe(rows)

    owned.callback((commits := CommitQueue(writer, meter)).close)
    reader = owned.enter_context(database.open_existing(path))
    return Store(reader, commits)


def _existing(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _end_point(certificate_path: Path) -> bytes:
    """The `tls-server-end-point` of the server's certificate (RFC 5929 section 4.1)."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    except (OSError, ValueError) as error:
        raise PkiError(f"cannot read the certificate {certificate_path}: {reason(error)}") from error
    used = certificate.signature_hash_algorithm
    weak = used is None or isinstance(used, hashes.MD5 | hashes.SHA1)
    name = "sha256" if weak or used is None else used.name
    return hashlib.new(name, certificate.public_bytes(serialization.Encoding.DER)).digest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _rows(path: Path) -> dict[str, int]:
    """The database's rows by disposition, on a connection of the asking thread's own; none while it fails."""
    try:
        with database.open_existing(path) as connection:
            return database.count_by_disposition(connection)
    except DatabaseError:
        return {}
