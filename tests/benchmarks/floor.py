"""The floor under one enrollment, here and now: the cryptography and TLS that nobody can leave out.

A handshake is done in memory, both ends in this thread, so that neither sockets nor a server's code are in
the figure; each end's share is timed by itself.
"""

import datetime as dt
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from testbed.pki import client_context, make_lab_pki, make_root, server_context

_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Floor:
    """CPU milliseconds per enrollment that each process cannot go below."""

    generator: float
    ra: float
    ca: float

    @property
    def total(self) -> float:
        """All three together."""
        return self.generator + self.ra + self.ca


def measure_floor(directory: Path) -> Floor:
    """Measure signatures and handshakes, and add up those that one enrollment needs.

    Generator: sign the CSR, one handshake, check the LSC's signature. RA: one handshake as server, two as
    client, check the CSR. CA: two handshakes as server, check the CSR, sign the certificate.
    """
    client_ms, server_ms = _handshake_ms(directory)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    root = make_root(key, "FLOOR", dt.datetime.now(dt.UTC))
    csr = _csr(key)
    sign_ms = _cpu_ms(lambda: key.sign(b"x", padding.PKCS1v15(), hashes.SHA256()))
    csr_ms = _cpu_ms(lambda: _csr(key))
    check_csr_ms = _cpu_ms(lambda: csr.is_signature_valid)
    check_ms = _cpu_ms(lambda: root.verify_directly_issued_by(root))
    return Floor(
        generator=csr_ms + client_ms + check_ms,
        ra=server_ms + 2 * client_ms + check_csr_ms,
        ca=2 * server_ms + check_csr_ms + sign_ms,
    )


def _csr(key: rsa.RSAPrivateKey) -> x509.CertificateSigningRequest:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SEP000000000001")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def _cpu_ms(operation: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(_ROUNDS):
        operation()
    return (time.process_time() - start) / _ROUNDS * 1000


def _handshake_ms(directory: Path) -> tuple[float, float]:
    """CPU milliseconds of a full handshake: the client's share, the server's share."""
    pki = make_lab_pki(directory, "FLOOR", "127.0.0.1", dt.datetime.now(dt.UTC))
    server, client = server_context(pki.ra_server), client_context(pki.trust_anchor)
    spent = [0.0, 0.0]
    for _ in range(_ROUNDS):
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends = [
            client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
            server.wrap_bio(to_server, to_client, server_side=True),
        ]
        waiting = [0, 1]
        while waiting:
            for end in tuple(waiting):
                start = time.process_time()
                try:
                    ends[end].do_handshake()
                    waiting.remove(end)
                except ssl.SSLWantReadError:
                    pass
                spent[end] += time.process_time() - start
    return spent[0] / _ROUNDS * 1000, spent[1] / _ROUNDS * 1000
