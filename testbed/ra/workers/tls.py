"""TLS towards EST clients (RFC 7030 section 3.3)."""

import ssl
from pathlib import Path

from testbed import pki
from testbed.errors import SettingsError, reason
from testbed.ra.est.profile import profile_of
from testbed.ra.est.settings import EstSettings
from testbed.server_tls import OWN_TERMS, ServerTls, agree_to


def est_context(
    identity: pki.Identity, settings: EstSettings, client_anchor: Path, terms: ServerTls = OWN_TERMS
) -> ssl.SSLContext:
    """The context that serves EST; SettingsError when `ra.est.client_ca` cannot be read.

    libEST's: TLS 1.2 alone, its default curve P-256, no session tickets, a certificate asked of every client.
    The RFC's: TLS 1.3 too, a certificate asked for where it counts. A required proof of possession keeps
    TLS at 1.2: TLS 1.3 has no tls-unique. `client_anchor` is what clients' certificates must chain to. What
    `terms` name goes before all that.
    """
    profile = profile_of(settings)
    context = pki.server_context(identity, terms)
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not profile.tls_1_3 or settings.proof_of_possession == "on":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if not profile.tls_1_3:
        context.set_ecdh_curve("prime256v1")
        context.options |= ssl.OP_NO_TICKET
    if profile.certificate_always_asked or settings.authentication.startswith("certificate"):
        _ask_for_certificates(context, settings.client_ca, client_anchor)
    agree_to(terms, context)
    return context


def _ask_for_certificates(context: ssl.SSLContext, client_ca: str, anchor: Path) -> None:
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cafile=str(anchor))
    if not client_ca:
        return
    try:
        context.load_verify_locations(cafile=client_ca)
    except (OSError, ssl.SSLError) as error:
        why = f"cannot read certificates from {client_ca}: {reason(error)}"
        raise SettingsError(f"ra.est.client_ca: {why}; name a PEM file of CA certificates") from error
