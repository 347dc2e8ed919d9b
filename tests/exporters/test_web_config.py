"""TLS and Basic as Prometheus' own exporters offer them, over real sockets."""

import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry, Gauge

from exporters.endpoint import metrics_endpoint
from exporters.web_config import WebConfigError, read_web_config
from testbed.pki import LabPki, make_lab_pki

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users:\n  prometheus: {HASH}\n"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    return make_lab_pki(tmp_path_factory.mktemp("pki"), "lab", "127.0.0.1", dt.datetime.now(dt.UTC))


def tls(pki: LabPki) -> str:
    server = pki.ra_server
    return f"tls_server_config:\n  cert_file: {server.certificate_path}\n  key_file: {server.key_path}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "web.yml"


@contextlib.contextmanager
def served(config: Path, text: str) -> Iterator[str]:
    config.write_text(text)
    registry = CollectorRegistry()
    Gauge("estorm_shown", "Shown.", registry=registry)
    with metrics_endpoint(registry, web=read_web_config(config)) as url:
        yield url


def trusting(pki: LabPki) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pki.trust_anchor))


def self_signed(path: Path) -> Path:
    """A client's certificate and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "prometheus")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    return path


def status(url: str, auth: tuple[str, str] | None = None, verify: ssl.SSLContext | bool = True) -> int:
    return httpx.get(url, auth=auth, verify=verify, trust_env=False).status_code


def test_who_is_named_may_look_with_the_right_password_alone(config: Path) -> None:
    with served(config, USERS) as url:
        assert status(url, ("prometheus", "secret")) == 200
        assert status(url, ("prometheus", "secret")) == 200
        assert status(url, ("prometheus", "wrong")) == 401
        assert status(url, ("nobody", "secret")) == 401
        assert status(url) == 401


def test_a_refusal_asks_for_basic_and_shows_nothing(config: Path) -> None:
    with served(config, USERS) as url:
        answer = httpx.get(url, trust_env=False)
    assert answer.headers["www-authenticate"] == 'Basic realm="metrics"'
    assert "estorm" not in answer.text


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic /w==", "Bearer x", "Basic " + "A" * 5000])
def test_a_header_that_is_none_is_refused(config: Path, header: str) -> None:
    with served(config, USERS) as url:
        assert httpx.get(url, headers={"Authorization": header}, trust_env=False).status_code == 401


def test_a_password_longer_than_bcrypts_is_no_error(config: Path) -> None:
    with served(config, USERS) as url:
        assert status(url, ("prometheus", "s" * 200)) == 401


def test_tls_is_served_with_the_files_named(config: Path, pki: LabPki) -> None:
    with served(config, tls(pki) + USERS) as url:
        assert url.startswith("https://")
        assert status(url, ("prometheus", "secret"), trusting(pki)) == 200


def test_a_client_must_show_a_certificate_where_it_must(config: Path, pki: LabPki) -> None:
    client = self_signed(config.parent / "client.pem")
    demanded = f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {client}\n"
    shown = trusting(pki)
    shown.load_cert_chain(client)
    with served(config, tls(pki) + demanded) as url:
        with pytest.raises(httpx.TransportError):
            status(url, verify=trusting(pki))
        assert status(url, verify=shown) == 200


def test_an_old_tls_version_is_refused(config: Path, pki: LabPki) -> None:
    old = trusting(pki)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with served(config, tls(pki) + "  min_version: TLS13\n") as url, pytest.raises(httpx.TransportError):
        status(url, verify=old)


def test_a_silent_client_holds_up_nobody(config: Path, pki: LabPki) -> None:
    with served(config, tls(pki)) as url, socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)):
        assert status(url, verify=trusting(pki)) == 200


def test_headers_go_with_every_answer(config: Path) -> None:
    with served(config, "http_server_config:\n  headers:\n    X-Frame-Options: deny\n") as url:
        assert httpx.get(url, trust_env=False).headers["x-frame-options"] == "deny"


def test_an_empty_file_is_plain_http_for_everybody(config: Path) -> None:
    with served(config, "") as url:
        assert status(url) == 200


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tls: 1", "unknown field `tls`"),
        ("basic_auth_users: {a: plain}", "the password of 'a' is not a bcrypt hash"),
        ("tls_server_config: {cert_file: a}", "missing required field `key_file`"),
        ("tls_server_config: {cert_file: absent, key_file: absent}", "tls_server_config: "),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}", "min_version"),
        ("basic_auth_users: [", "web.yml"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_that_names_what(
    config: Path, text: str, problem: str
) -> None:
    config.write_text(text)
    with pytest.raises(WebConfigError) as raised:
        read_web_config(config)
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_absent_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WebConfigError, match="absent: No such file"):
        read_web_config(tmp_path / "absent")
