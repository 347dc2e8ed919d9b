import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from testbed.ca.settings import CaSettings, TemplateSettings
from testbed.lab import Endpoints, Lab
from testbed.ra.est.settings import CsrAttribute, EstSettings
from testbed.ra.settings import RaSettings
from testbed.settings import LabSettings
from tests.foreign_client.conftest import program

NAME = "SEP74A02FC0A675"
CHALLENGE_PASSWORD = CsrAttribute("1.2.840.113549.1.9.7")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    directory = tmp_path_factory.mktemp("lab")
    est = EstSettings(
        profile="rfc", authentication="certificate_or_basic", attributes=(CHALLENGE_PASSWORD,),
    )  # fmt: skip
    with Lab(LabSettings(ra=RaSettings(est=est)), directory, directory / "ca.db") as running:
        yield running.endpoints


class Client:
    """`estclient` with a key of its own in a directory of its own."""

    def __init__(self, lab: Endpoints, directory: Path) -> None:
        self.lab, self.directory = lab, directory
        self("openssl", "genrsa", "-out", "key.pem", "2048")

    def __call__(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.directory, capture_output=True, text=True, timeout=60, check=False
        )

    def est(self, command: str, *options: str, password: str = "") -> subprocess.CompletedProcess[str]:
        server = self.lab.ra.split("/")[2]
        login = ("-user", self.lab.est_user, "-pass", password) if password else ()
        trust = ("-server", server, "-explicit", self.lab.trust_anchor)
        return self(program() or "", command, *trust, *login, *options)

    def enroll(self, command: str = "enroll", *options: str, password: str = "") -> x509.Certificate:
        name = ("-out", f"{command}.pem", *(("-cn", NAME) if command == "enroll" else ()))
        done = self.est(command, "-key", "key.pem", *name, *options, password=password)
        assert done.returncode == 0, done.stderr
        return x509.load_pem_x509_certificate((self.directory / f"{command}.pem").read_bytes())


@pytest.fixture
def client(lab: Endpoints, tmp_path: Path) -> Client:
    return Client(lab, tmp_path)


def test_it_reads_the_cas_certificates(client: Client) -> None:
    done = client.est("cacerts")
    assert done.returncode == 0, done.stderr
    [root] = x509.load_pem_x509_certificates(done.stdout.encode())
    assert root == x509.load_pem_x509_certificate(Path(client.lab.trust_anchor).read_bytes())


def test_it_reads_the_attributes(client: Client) -> None:
    done = client.est("csrattrs")
    assert done.returncode == 0, done.stderr
    assert CHALLENGE_PASSWORD.oid in done.stdout


def test_it_enrolls_with_a_password_and_renews_with_the_certificate(client: Client) -> None:
    first = client.enroll(password=client.lab.est_password)
    second = client.enroll("reenroll", "-certs", "enroll.pem")

    key = load_pem_private_key((client.directory / "key.pem").read_bytes(), None)
    assert first.public_key() == second.public_key() == key.public_key()
    assert first.serial_number != second.serial_number
    root = x509.load_pem_x509_certificate(Path(client.lab.trust_anchor).read_bytes())
    for certificate in (first, second):
        certificate.verify_directly_issued_by(root)


def test_it_gets_a_key_made_at_the_server(client: Client) -> None:
    done = client.est(
        "serverkeygen", "-key", "key.pem", "-cn", NAME, "-out", "made.pem",
        password=client.lab.est_password,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    both = "".join(path.read_text() for path in client.directory.glob("made*")) + done.stdout
    key = load_pem_private_key(both[both.index("-----BEGIN PRIVATE") :].encode(), None)
    certificate = x509.load_pem_x509_certificate(both[both.index("-----BEGIN CERT") :].encode())
    assert isinstance(key, rsa.RSAPrivateKey)
    assert certificate.public_key() == key.public_key()


def test_it_uses_an_additional_path_segment(client: Client) -> None:
    client.enroll("enroll", "-aps", "phones", password=client.lab.est_password)


def test_it_is_told_of_wrong_credentials(client: Client) -> None:
    done = client.est("enroll", "-key", "key.pem", "-cn", NAME, password="wrong")
    assert done.returncode != 0
    assert "401" in done.stderr


def test_it_is_told_to_come_back(tmp_path: Path) -> None:
    ca = CaSettings(templates=(TemplateSettings(approval=True),))
    done = enroll_with(LabSettings(ca=ca, ra=RaSettings(est=EstSettings(profile="rfc"))), tmp_path)
    assert done.returncode != 0
    assert "The request waits for a decision of the CA." in done.stderr


def test_libest_refuses_it_because_it_sends_no_length(tmp_path: Path) -> None:
    done = enroll_with(LabSettings(), tmp_path)
    assert "400" in done.stderr
    assert "no Content-Length" in (tmp_path / "nginx_error.log").read_text()


def enroll_with(settings: LabSettings, directory: Path) -> subprocess.CompletedProcess[str]:
    with Lab(settings, directory, directory / "ca.db") as running:
        client = Client(running.endpoints, directory)
        return client.est("enroll", "-key", "key.pem", "-cn", NAME, password=running.endpoints.est_password)
