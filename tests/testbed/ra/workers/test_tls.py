import ssl
from pathlib import Path

import pytest

from testbed.errors import SettingsError
from testbed.pki import LabPki
from testbed.ra.est.settings import EstSettings
from testbed.ra.workers.tls import est_context


def context(pki: LabPki, **settings: object) -> ssl.SSLContext:
    return est_context(pki.ra_server, EstSettings(**settings), pki.trust_anchor)  # type: ignore[arg-type]


def test_libest_serves_tls_1_2_alone_without_tickets(pki: LabPki) -> None:
    libest = context(pki)
    assert libest.minimum_version == libest.maximum_version == ssl.TLSVersion.TLSv1_2
    assert libest.options & ssl.OP_NO_TICKET


def test_the_rfc_profile_serves_tls_1_3_too(pki: LabPki) -> None:
    rfc = context(pki, profile="rfc")
    assert rfc.minimum_version is ssl.TLSVersion.TLSv1_2
    assert rfc.maximum_version is ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_a_required_proof_of_possession_keeps_tls_at_1_2(pki: LabPki) -> None:
    rfc = context(pki, profile="rfc", proof_of_possession="on")
    assert rfc.maximum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({}, ssl.CERT_OPTIONAL),
        ({"profile": "rfc"}, ssl.CERT_NONE),
        ({"profile": "rfc", "authentication": "certificate_or_basic"}, ssl.CERT_OPTIONAL),
    ],
)
def test_a_certificate_is_asked_for_where_it_counts(
    pki: LabPki, settings: dict[str, str], mode: ssl.VerifyMode
) -> None:
    assert context(pki, **settings).verify_mode is mode


def test_a_client_ca_that_cannot_be_read_is_named(pki: LabPki, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    with pytest.raises(SettingsError, match=rf"ra\.est\.client_ca: cannot read certificates from {missing}"):
        context(pki, client_ca=missing)
