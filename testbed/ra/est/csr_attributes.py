"""What a request should have, by OID: the answer to csrattrs, and the check of requests (RFC 7030, 4.5.2)."""

import base64
from collections.abc import Sequence

from cryptography.x509.oid import AttributeOID

from testbed import der
from testbed.errors import EstRefused, SettingsError
from testbed.est_errors import EstError
from testbed.ra.certificates import SigningRequest
from testbed.ra.est.settings import CsrAttribute, EstSettings

CHALLENGE_PASSWORD = AttributeOID.CHALLENGE_PASSWORD.dotted_string
_LARGEST_CHARACTERS = 1024  # libEST's


class CsrAttributes:
    """The attributes asked for; a proof of possession that is required asks for challengePassword too.

    `encoded` is the CsrAttrs in DER, None when nothing is asked for.
    """

    def __init__(self, settings: EstSettings) -> None:
        wanted = list(settings.attributes)
        if settings.proof_of_possession == "on" and CHALLENGE_PASSWORD not in [a.oid for a in wanted]:
            wanted.append(CsrAttribute(CHALLENGE_PASSWORD))
        self.encoded = encode(wanted) if wanted else None
        characters = len(base64.b64encode(self.encoded or b""))
        if characters > _LARGEST_CHARACTERS:
            text = f"ra.est.attributes make {characters} characters of base64"
            raise SettingsError(f"{text}, more than the {_LARGEST_CHARACTERS} that libEST takes; list fewer")
        self._required = [a.oid for a in settings.attributes] if settings.attributes_required else []

    def check(self, request: SigningRequest) -> None:
        """EstRefused when the request lacks an attribute that is required."""
        missing = [oid for oid in self._required if oid not in request.object_identifiers]
        if missing:
            raise EstRefused(EstError.CSR_ATTR_MISSING, f"the request lacks {', '.join(missing)}")


def encode(attributes: Sequence[CsrAttribute]) -> bytes:
    """CsrAttrs in DER: a bare OID, or an attribute with a set of OIDs."""
    return der.sequence(*map(_encode_one, attributes))


def _encode_one(attribute: CsrAttribute) -> bytes:
    kind = der.oid(attribute.oid)
    if not attribute.values:
        return kind
    values = b"".join(sorted(map(der.oid, attribute.values)))
    return der.sequence(kind, der.tagged(0x31, values))
