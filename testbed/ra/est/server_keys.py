"""Keys that the RA makes for clients, and requests for them (RFC 7030 section 4.4)."""

import asyncio

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.pki import PrivateKey
from testbed.ra.certificates import SigningRequest
from testbed.ra.est.pending import Order
from testbed.ra.est.settings import KeyKind

_CURVES: dict[str, ec.EllipticCurve] = {"p-256": ec.SECP256R1(), "p-384": ec.SECP384R1()}


class ServerKeys:
    """Makes keys of one kind in threads, `at_once` at a time: an RSA key takes 44 ms and more."""

    def __init__(self, kind: KeyKind, at_once: int) -> None:
        self._kind = kind
        self._turns = asyncio.Semaphore(at_once)

    async def order(self, request: SigningRequest) -> Order:
        """The client's request with a new key instead of its own.

        EstRefused when the client wants the key encrypted, which is not on offer (RFC 7030, 4.4.1).
        """
        if request.wants_encrypted_key:
            raise EstRefused(EstError.BAD_PKCS10, "the key cannot be encrypted, as the request wants it")
        async with self._turns:
            return await asyncio.to_thread(_order_with_new_key, self._kind, request)


def _order_with_new_key(kind: KeyKind, request: SigningRequest) -> Order:
    key = _new_key(kind)
    builder = x509.CertificateSigningRequestBuilder().subject_name(request.subject)
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    signed = SigningRequest(builder.sign(key, hashes.SHA256()))
    return Order(signed, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _new_key(kind: KeyKind) -> PrivateKey:
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa-")))
