"""NTLMv2's arithmetic: the hashes, the proof, the session key and the MIC (MS-NLMP section 3.3.2)."""

import hashlib
import hmac
import struct

from Crypto.Hash import MD4
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

# Seconds between 1601-01-01, FILETIME's zero, and the epoch.
_FILETIME_EPOCH_SECONDS = 11_644_473_600


def nt_hash(password: str) -> bytes:
    """The NT hash: MD4 over the password in UTF-16; costs microseconds, so keep it."""
    return MD4.new(password.encode("utf-16-le")).digest()  # noqa: S303 - NTLM is defined on MD4


def response_key(password_hash: bytes, user: str, domain: str) -> bytes:
    """NTOWFv2: `user` counts in upper case, `domain` as the client spelt it."""
    return hmac.digest(password_hash, (user.upper() + domain).encode("utf-16-le", "replace"), "md5")


def nt_proof(key: bytes, server_challenge: bytes, blob: bytes) -> bytes:
    """NTProofStr over the client's raw blob."""
    return hmac.digest(key, server_challenge + blob, "md5")


def exported_session_key(key: bytes, proof: bytes, encrypted_key: bytes) -> bytes:
    """The session key; `encrypted_key` is Type 3's when KEY_EXCHANGE was agreed, else empty."""
    base = hmac.digest(key, proof, "md5")
    return _rc4(base, encrypted_key) if encrypted_key else base


def mic(session_key: bytes, negotiate: bytes, challenge: bytes, authenticate: bytes) -> bytes:
    """The message integrity code; `authenticate` with its MIC field zeroed."""
    return hmac.digest(session_key, negotiate + challenge + authenticate, "md5")


def signature(session_key: bytes, message: bytes, *, from_client: bool, key_exchange: bool) -> bytes:
    """The signature of the first message that one side signs (sections 3.4.4.2 and 3.4.5), 128-bit keys."""
    direction = b"client-to-server" if from_client else b"server-to-client"
    signing = _md5(session_key + b"session key to " + direction + b" signing key magic constant\0")
    checksum = hmac.digest(signing, bytes(4) + message, "md5")[:8]
    if key_exchange:
        sealing = _md5(session_key + b"session key to " + direction + b" sealing key magic constant\0")
        checksum = _rc4(sealing, checksum)
    return b"\x01\0\0\0" + checksum + bytes(4)


def channel_bindings_hash(end_point: bytes) -> bytes:
    """MsvAvChannelBindings for a `tls-server-end-point` value (RFC 5929 section 4, MS-NLMP 2.2.2.1)."""
    data = b"tls-server-end-point:" + end_point
    return _md5(struct.pack("<IIIII", 0, 0, 0, 0, len(data)) + data)


def filetime(epoch_seconds: float) -> bytes:
    """A FILETIME: 100 ns ticks since 1601, 8 bytes."""
    return struct.pack("<Q", int((epoch_seconds + _FILETIME_EPOCH_SECONDS) * 10_000_000))


def _rc4(key: bytes, data: bytes) -> bytes:
    return Cipher(ARC4(key), mode=None).encryptor().update(data)


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
