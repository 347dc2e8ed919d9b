import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from testbed.ra.certsrv.server_certificate import name_problem


def certificate(common_name: str | None, *alternatives: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
    )
    if alternatives:
        names = [_general_name(name) for name in alternatives]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _general_name(name: str) -> x509.GeneralName:
    return (
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() or ":" in name else x509.DNSName(name)
    )


@pytest.mark.parametrize(
    ("common_name", "alternatives", "host"),
    [
        ("lab-dc.michamen.com", (), "lab-dc.michamen.com"),
        ("lab-dc.michamen.com", (), "LAB-DC.michamen.com."),
        ("*.michamen.com", (), "lab-dc.michamen.com"),
        (None, ("lab-dc.michamen.com",), "lab-dc.michamen.com"),
        ("other", ("x.test", "lab-dc.michamen.com"), "lab-dc.michamen.com"),
        (None, ("*.michamen.com",), "lab-dc.michamen.com"),
        (None, ("127.0.0.1",), "127.0.0.1"),
        (None, ("::1",), "0:0:0:0:0:0:0:1"),
        ("lab-dc", ("127.0.0.1",), "lab-dc"),
    ],
)
def test_a_certificate_for_the_host_is_no_problem(
    common_name: str | None, alternatives: tuple[str, ...], host: str
) -> None:
    assert name_problem(certificate(common_name, *alternatives), host) is None


def test_a_common_name_that_differs_is_named_as_the_guide_shows_it() -> None:
    assert name_problem(certificate("lab-dc"), "lab-dc.michamen.com") == (
        "SSL: certificate subject name 'lab-dc' does not match target host name 'lab-dc.michamen.com'"
    )


@pytest.mark.parametrize(
    ("common_name", "alternatives", "host"),
    [
        ("lab-dc.michamen.com", ("other.test",), "lab-dc.michamen.com"),
        ("127.0.0.1", (), "127.0.0.1"),
        (None, ("127.0.0.2",), "127.0.0.1"),
        (None, ("*.com",), "michamen.com"),
        (None, ("*.michamen.com",), "a.b.michamen.com"),
        (None, ("*.michamen.com",), "michamen.com"),
        (None, ("*.michamen.com",), ".michamen.com"),
        (None, ("lab*.michamen.com",), "lab-dc.michamen.com"),
    ],
)
def test_alternative_names_that_all_differ_are_a_problem(
    common_name: str | None, alternatives: tuple[str, ...], host: str
) -> None:
    assert name_problem(certificate(common_name, *alternatives), host) == (
        f"SSL: no alternative certificate subject name matches target host name '{host}'"
    )


def test_a_certificate_without_any_name_is_a_problem() -> None:
    problem = name_problem(certificate(None), "lab-dc.michamen.com")
    assert problem == "SSL: unable to obtain common name from peer certificate"
