"""NGINX as the RA's TLS front: its configuration, and the process while it is needed.

The listening socket is bound by the RA and inherited by NGINX (its environment variable `NGINX`, made for
changing binaries), so that any free port can be had and a taken one is told as for the embedded front.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from testbed.errors import PartFailed, SettingsError
from testbed.ra.est.profile import profile_of
from testbed.ra.settings import RaSettings
from testbed.ra.workers.proxied import CERTIFICATE_HEADER, PEER_HEADER
from testbed.server_tls import ServerTls
from testbed.settings import RaPartSettings

ACCESS_LOG, ERROR_LOG = "front_access.log", "front_error.log"
_POLL_SECONDS = 0.01
_START_SECONDS = 10.0
_LAST_LINES = 3
_CONFIGURATION_FILE = "nginx.conf"
_SHUTTING_DOWN = "worker process is shutting down"
_DEVNULL = asyncio.subprocess.DEVNULL
_PROTOCOLS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
_CONFIGURATION = """\
daemon off;
pid {directory}/nginx.pid;
error_log {logs}/{error_log} info;
worker_processes {worker_processes};
worker_shutdown_timeout {drain}ms;
events {{ worker_connections {worker_connections}; }}
http {{
    log_format estorm '$remote_addr [$time_local] "$request" $status $body_bytes_sent '
        '$request_time $upstream_response_time "$http_user_agent" $ssl_protocol $ssl_session_reused';
    access_log {logs}/{access_log} estorm;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_timeout {keepalive_timeout}ms;
    keepalive_requests {keepalive_requests};
    client_max_body_size 0;
    client_body_buffer_size 64k;
    large_client_header_buffers 4 16k;
    upstream ra {{
        server {upstream};
        {upstream_keepalive}
    }}
    map $ssl_client_verify $certificate {{
        SUCCESS $ssl_client_escaped_cert;
        default "";
    }}
    server {{
        listen {listen} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_protocols {protocols};
        {ciphers}
        ssl_ecdh_curve prime256v1;
        ssl_session_tickets off;
        ssl_session_cache {session_cache};
        ssl_session_timeout {session_timeout}s;
        ssl_verify_client optional;
        ssl_client_certificate {trust_anchor};
        {more_client_cas}
        location / {{
            proxy_pass http://ra;
            proxy_http_version 1.1;
            proxy_set_header Connection "{upstream_connection}";
            proxy_set_header {peer_header} "$connection $remote_addr $server_addr:$server_port";
            proxy_set_header {certificate_header} $certificate;
            proxy_read_timeout 3600s;
            proxy_send_timeout 3600s;
            proxy_max_temp_file_size 0;
        }}
    }}
}}
"""


def configuration(settings: RaPartSettings, directory: Path, listen: str, upstream: str) -> str:
    """NGINX's configuration for this RA: it listens at `listen`, the RA behind it at `upstream`."""
    ra, nginx = settings.ra, settings.ra.nginx
    # A kept connection would hold a worker that serves one connection at a time.
    keepalive = 0 if ra.workers.blocking else nginx.upstream_keepalive
    cache_bytes, more = nginx.ssl_session_cache_bytes, ra.est.client_ca
    return _CONFIGURATION.format(
        directory=directory, logs=settings.log_directory.absolute(), access_log=ACCESS_LOG,
        error_log=ERROR_LOG, worker_processes=nginx.worker_processes,
        worker_connections=nginx.worker_connections, drain=_milliseconds(ra.drain_seconds),
        keepalive_timeout=_milliseconds(nginx.keepalive_timeout_seconds),
        keepalive_requests=nginx.keepalive_requests, upstream=upstream, listen=listen,
        upstream_keepalive=f"keepalive {keepalive};" if keepalive else "",
        upstream_connection="" if keepalive else "close",
        certificate=settings.server_certificate, key=settings.server_key,
        trust_anchor=settings.trust_anchor,
        more_client_cas=f'ssl_trusted_certificate "{Path(more).absolute()}";' if more else "",
        protocols=_protocols(ra, settings.tls),
        ciphers=f'ssl_ciphers "{settings.tls.ciphers}";' if settings.tls.ciphers else "",
        session_cache=f"shared:est:{cache_bytes}" if cache_bytes else "none",
        session_timeout=max(1, round(nginx.ssl_session_timeout_seconds)),
        peer_header=PEER_HEADER, certificate_header=CERTIFICATE_HEADER,
    )  # fmt: skip


class NginxFront:
    """NGINX while it runs: its configuration, written to `directory`, and its master process."""

    def __init__(
        self, directory: Path, listen: str, upstream: str, process: asyncio.subprocess.Process
    ) -> None:
        self._directory, self._listen, self._upstream = directory, listen, upstream
        self._process = process

    async def reload(self, settings: RaPartSettings) -> None:
        """Serve those who connect from now on with these settings; PartFailed when NGINX refuses them."""
        path = self._directory / _CONFIGURATION_FILE
        before = path.read_text()
        wanted = configuration(settings, self._directory, self._listen, self._upstream)
        path.write_text(wanted)
        old = _workers(self._process.pid)
        self._process.send_signal(signal.SIGHUP)
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not _have_taken_over(self._process.pid, old):  # noqa: ASYNC110 - nobody says when
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            path.write_text(before)
            said = _last_words(settings.log_directory / ERROR_LOG)
            raise PartFailed(f"nginx did not take other settings: {said}") from None


@contextlib.asynccontextmanager
async def nginx_front(
    settings: RaPartSettings, directory: Path, listener: socket.socket, upstream: str
) -> AsyncIterator[NginxFront]:
    """NGINX on `listener`, which it takes over, while the context lasts; `directory` is its own.

    Raises SettingsError when there is no NGINX, PartFailed when it does not start.
    """
    program = _program(settings.ra.nginx.program)
    host, port = listener.getsockname()[:2]
    path = directory / _CONFIGURATION_FILE
    path.write_text(configuration(settings, directory, f"{host}:{port}", upstream))
    process = await _start(program, path, settings.log_directory.absolute() / ERROR_LOG, listener)
    try:
        await _ready(process, directory / "nginx.pid", settings.log_directory / ERROR_LOG)
        listener.close()
        yield NginxFront(directory, f"{host}:{port}", upstream, process)
    finally:
        await _stop(process, settings.ra.drain_seconds)


def _workers(master_pid: int) -> set[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return {child.pid for child in psutil.Process(master_pid).children()}
    return set()


def _have_taken_over(master_pid: int, old: set[int]) -> bool:
    """Whether there are new workers, and the old ones accept no more or have gone."""
    now = _workers(master_pid)
    return bool(now - old) and all(_accepts_no_more(pid) for pid in now & old)


def _accepts_no_more(pid: int) -> bool:
    try:
        return any(_SHUTTING_DOWN in word for word in psutil.Process(pid).cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return True


def _program(name: str) -> str:
    # Users' paths often lack the directories of system programs.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        what = f"there is no {name} on this machine; install it (Debian: apt-get install nginx-light)"
        raise SettingsError(f'ra.front = "nginx": {what} or use "embedded"')
    return found


async def _start(program: str, path: Path, log: Path, listener: socket.socket) -> asyncio.subprocess.Process:
    number = listener.fileno()
    arguments = [program, "-c", str(path), "-p", str(path.parent), "-e", str(log)]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "testbed.tether", str(os.getpid()), *arguments,
        pass_fds=(number,), env={**os.environ, "NGINX": f"{number};"},
        stdin=_DEVNULL, stdout=_DEVNULL, stderr=_DEVNULL,
    )  # fmt: skip


async def _ready(process: asyncio.subprocess.Process, pid_file: Path, log: Path) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while process.returncode is None:
                if _is_written(pid_file):
                    return
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        pass
    raise PartFailed(f"nginx did not start: {_last_words(log)}")


def _is_written(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _last_words(log: Path) -> str:
    said = log.read_text(errors="replace").splitlines()[-_LAST_LINES:] if log.exists() else []
    return " | ".join(said) or "it said nothing"


async def _stop(process: asyncio.subprocess.Process, drain_seconds: float) -> None:
    for number, seconds in ((signal.SIGQUIT, drain_seconds), (signal.SIGTERM, 1.0), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), seconds)
            return


def _protocols(settings: RaSettings, terms: ServerTls) -> str:
    minimum = terms.minimum or "1.2"
    maximum = terms.maximum or ("1.3" if profile_of(settings.est).tls_1_3 else "1.2")
    return " ".join(name for version, name in _PROTOCOLS.items() if minimum <= version <= maximum)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
