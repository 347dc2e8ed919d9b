"""Identity linked to proof of possession: tls-unique as the challengePassword (RFC 7030 section 3.5)."""

import base64
import hmac

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from testbed.errors import EstRefused
from testbed.est_errors import EstError

# id-kp-cmcRA (RFC 6402 section 2.10): a registration authority, which passes on requests of others.
CMC_RA = ObjectIdentifier("1.3.6.1.5.5.7.3.28")


def check_possession(
    proof: bytes | None, tls_unique: bytes | None, peer: x509.Certificate | None, *, required: bool
) -> None:
    """EstRefused unless `proof` is the connection's tls-unique in base64.

    It may be missing where it is not `required`; one that is there is checked in any case. A peer with
    id-kp-cmcRA is let through: its requests were proved to it. `tls_unique` is None where the connection has
    none, as with TLS 1.3 (RFC 8446 appendix C.5), and nothing matches then.
    """
    if (proof is None and not required) or (peer is not None and is_registration_authority(peer)):
        return
    expected = base64.b64encode(tls_unique) if tls_unique else None
    if proof is None or expected is None or not hmac.compare_digest(proof.strip(), expected):
        raise EstRefused(EstError.AUTH_FAIL_TLSUID, "Proof of Possession Mismatch.")


def is_registration_authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate's extended key usage names id-kp-cmcRA."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return CMC_RA in usage
