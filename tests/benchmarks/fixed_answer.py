"""NGINX on a core of its own that answers every request with one LSC: an EST server at next to no cost.

What is asked there is always the same phone's request, so that the fixed answer is the right one and passes
every check.
"""

import contextlib
import datetime as dt
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from loadtests.phones.keys import KeyFile, make_key_file
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.scenario import KeyType
from testbed.pki import make_lab_pki
from tests.loadtests.est_server import ENROLL_TYPE, certs_only

SEED = 1
_CONFIGURATION = """
daemon off; worker_processes 1; error_log {directory}/error.log; pid {directory}/pid;
events {{ worker_connections 8192; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
        location / {{ default_type "{content_type}"; return 200 "{body}"; }}
    }}
}}
"""


class FixedAnswer(msgspec.Struct, frozen=True):
    """Where the server answers, and the one phone that its answer is for: its key's file, its CSR."""

    port: int
    trust_anchor: str
    keys: str
    csr: bytes

    @property
    def url(self) -> str:
        """For clients."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def phone_name(self) -> str:
        """The phone's name."""
        return PhoneNames(SEED).name(0)


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the client, one for the server."""

    client: int
    server: int


def two_cores() -> Cores:
    """Two cores of this machine, or a skipped benchmark."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("needs two cores, one for the client and one for the server")
    return Cores(cores[0], cores[1])


def on_core(core: int) -> list[str]:
    """The command that runs another one on a core."""
    return ["taskset", "--cpu-list", str(core)]


@contextlib.contextmanager
def serving_fixed_answer(directory: Path, core: int) -> Iterator[FixedAnswer]:
    """The server, for the length of the block; skips where there is no NGINX."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    pki = make_lab_pki(directory, "BENCH", "127.0.0.1", dt.datetime.now(dt.UTC))
    keys = directory / "keys"
    make_key_file(keys, KeyType.RSA_2048, 1)
    phone = the_phone(keys)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            directory=directory,
            port=port,
            content_type=ENROLL_TYPE,
            certificate=pki.ra_server.certificate_path,
            key=pki.ra_server.key_path,
            body=_answer(pki.issuing.key_path, pki.issuing.certificate_path, phone)
            .decode()
            .replace("\n", "\\n"),
        )
    )
    command = [*on_core(core), "nginx", "-c", str(configuration), "-p", str(directory)]
    with subprocess.Popen(command) as nginx:
        try:
            _wait_for(port)
            yield FixedAnswer(port, str(pki.trust_anchor), str(keys), phone.csr_der())
        finally:
            nginx.terminate()


def the_phone(keys: Path) -> Phone:
    """The one phone of the fixed answer."""
    with KeyFile(keys) as pairs:
        return Phone(0, PhoneNames(SEED).name(0), pairs.key(0))


def _answer(ca_key_path: Path, ca_path: Path, phone: Phone) -> bytes:
    key = serialization.load_pem_private_key(ca_key_path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    ca = x509.load_pem_x509_certificate(ca_path.read_bytes())
    now = dt.datetime.now(dt.UTC)
    lsc = (
        x509.CertificateBuilder()
        .subject_name(phone.subject)
        .issuer_name(ca.subject)
        .public_key(phone.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=10))
        .not_valid_after(now + dt.timedelta(days=730))
        .sign(key, hashes.SHA256())
    )
    return certs_only(lsc)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError("nginx did not start")
