"""The lab's PKI: what real TLS says of it."""

import datetime as dt
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from testbed.errors import PkiError
from testbed.pki import LabPki, client_context, make_lab_pki, server_context

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def pki(tmp_path: Path) -> LabPki:
    return make_lab_pki(tmp_path, "TEST-CA", "127.0.0.1", NOW)


def handshake(pki: LabPki, name: str) -> str | None:
    """The TLS version agreed on with the RA's certificate under `name`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    server_context(pki.ra_server).wrap_socket(connection, server_side=True).close()
                except (ssl.SSLError, OSError):
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname()) as plain,
                client_context(pki.trust_anchor).wrap_socket(plain, server_hostname=name) as tls,
            ):
                return tls.version()
        finally:
            thread.join()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_servers_certificates_hold_for_the_names_of_this_machine(pki: LabPki, name: str) -> None:
    assert handshake(pki, name) == "TLSv1.3"


def test_the_servers_certificates_hold_for_no_other_name(pki: LabPki) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(pki, "ca.example.com")


def test_keys_are_readable_by_their_owner_alone(pki: LabPki) -> None:
    for identity in (pki.issuing, pki.ca_server, pki.ra_server):
        assert stat.S_IMODE(identity.key_path.stat().st_mode) == 0o600


def test_the_root_is_a_ca_named_as_asked_with_domain_components_first(pki: LabPki) -> None:
    root = x509.load_pem_x509_certificate(pki.trust_anchor.read_bytes())
    assert root.subject.rfc4514_string() == "CN=TEST-CA,DC=estorm,DC=test"
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_certificates_are_valid_from_a_little_before_now(pki: LabPki) -> None:
    server = x509.load_pem_x509_certificate(pki.ca_server.certificate_path.read_bytes())
    assert server.not_valid_before_utc < NOW < server.not_valid_after_utc


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(PkiError, match=str(missing)):
        make_lab_pki(missing, "TEST-CA", "127.0.0.1", NOW)


def test_a_trust_anchor_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    path = tmp_path / "anchor.pem"
    path.write_text("not a certificate")
    with pytest.raises(PkiError, match=str(path)):
        client_context(path)
