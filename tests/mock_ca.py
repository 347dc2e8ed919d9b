"""A mock CA for tests: the real one, in a thread of this process, on ports of its own."""

import asyncio
import contextlib
import datetime as dt
import functools
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from testbed.ca.process import running
from testbed.ca.settings import CaSettings
from testbed.pki import CaKey, Hierarchy, make_lab_pki
from testbed.settings import CaPartSettings

PASSWORD = "correct horse"
_LOG_SECONDS = 5.0


@dataclass(frozen=True)
class MockCa:
    """Where it answers and what it keeps."""

    part: CaPartSettings
    addresses: Mapping[str, str]
    trust_anchor: Path

    @property
    def certsrv(self) -> str:
        return self.addresses["certsrv"]

    @property
    def authority(self) -> str:
        return self.certsrv.removeprefix("https://").removesuffix("/certsrv")

    @property
    def host(self) -> str:
        return self.authority.partition(":")[0]

    @property
    def port(self) -> int:
        return int(self.authority.partition(":")[2])

    @property
    def account(self) -> str:
        return self.part.ca.account.name

    def log_rows(self, at_least: int) -> list[list[str]]:
        """The fields of every row of the IIS log, once there are so many: a row follows its answer."""
        deadline = time.monotonic() + _LOG_SECONDS
        while len(rows := self._rows()) < at_least and time.monotonic() < deadline:
            time.sleep(0.002)
        assert len(rows) >= at_least, rows
        return rows

    def _rows(self) -> list[list[str]]:
        files = sorted(self.part.log_directory.glob("u_ex*.log"))
        lines = [line for file in files for line in file.read_text().splitlines()]
        return [line.split(" ") for line in lines if not line.startswith("#")]


@functools.cache
def _pki_files(ca_name: str, key: CaKey, intermediate: bool) -> Mapping[str, bytes]:
    """The files of a PKI: keys cost more than the tests that need them, so one is made for each kind."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        now = dt.datetime.now(dt.UTC)
        make_lab_pki(directory, ca_name, "127.0.0.1", now, hierarchy=Hierarchy(key, intermediate))
        return {path.name: path.read_bytes() for path in directory.iterdir()}


def part_settings(directory: Path, settings: CaSettings) -> CaPartSettings:
    """What a CA is started with; makes its PKI in `directory` when there is none yet."""
    names = {
        "issuing": directory / ("issuing.key" if settings.intermediate else "root.key"),
        "server": directory / "ca-server.key",
    }
    if not names["issuing"].exists():
        for name, content in _pki_files(settings.name, settings.key, settings.intermediate).items():
            (directory / name).write_bytes(content)
    return CaPartSettings(
        host="127.0.0.1", ca=settings, account_password=PASSWORD,
        server_key=names["server"], server_certificate=names["server"].with_suffix(".pem"),
        issuing_key=names["issuing"], issuing_chain=names["issuing"].with_suffix(".pem"),
        database=directory / "ca.sqlite", log_directory=directory / "logs",
    )  # fmt: skip


@contextlib.contextmanager
def mock_ca(directory: Path, settings: CaSettings | None = None) -> Iterator[MockCa]:
    """A running CA; its files are in `directory`."""
    part = part_settings(directory, settings or CaSettings())
    with running_part(part) as addresses:
        yield MockCa(part, addresses, directory / "root.pem")


@contextlib.contextmanager
def running_part(part: CaPartSettings) -> Iterator[Mapping[str, str]]:
    started: list[Mapping[str, str]] = []
    failed: list[BaseException] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with running(part) as addresses:
            started.append(addresses)
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="mock-ca")
    thread.start()
    ready.wait()
    if failed:
        thread.join()
        raise failed[0]
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        if failed:
            raise failed[0]


@functools.cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key for tests, made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make_csr(
    name: str = "SEP001122334455", key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None
) -> x509.CertificateSigningRequest:
    """A certificate request for `name`."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key or rsa_key(), hashes.SHA256())
    )


def csr_pem(name: str = "SEP001122334455", key: rsa.RSAPrivateKey | None = None) -> str:
    """The same in PEM."""
    return make_csr(name, key).public_bytes(serialization.Encoding.PEM).decode("ascii")


def enroll_form(csr: str | None = None, template: str | None = "CiscoRA", **more: str) -> dict[str, str]:
    """What is posted to certfnsh.asp."""
    attributes = f"CertificateTemplate:{template}\r\n" if template is not None else ""
    return {
        "Mode": "newreq", "CertRequest": csr if csr is not None else csr_pem(), "CertAttrib": attributes,
        "FriendlyType": "Saved-Request Certificate", "TargetStoreFlags": "0", "SaveCert": "yes", **more,
    }  # fmt: skip


def basic_client(
    ca: MockCa, user: str | None = None, password: str = PASSWORD, agent: str = "CiscoRA 1.0"
) -> httpx.Client:
    """An HTTP client that logs in with Basic, unasked."""
    return httpx.Client(
        base_url=f"{ca.certsrv}/", auth=(user or ca.account, password),
        verify=ssl.create_default_context(cafile=ca.trust_anchor), headers={"User-Agent": agent},
    )  # fmt: skip
