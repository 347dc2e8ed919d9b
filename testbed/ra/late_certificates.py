"""Certificates whose phones had gone: kept, and handed out when the same request comes again.

A directory that all workers share: one file for each certificate, named by its request's fingerprint, and
one lock for each request that is being enrolled, so that a phone that asks again while its first request is
still at the CA waits for that one's certificate instead of causing a second.
"""

from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exporters.whole_file import replace_whole
from testbed.ra.certsrv.calls import Issued
from testbed.ra.workers.locks import Lock, lock


class _Kept(msgspec.Struct, frozen=True):
    """What a file holds: the CA's request id, and the certificate in DER where it was downloaded."""

    request_id: int
    certificate: bytes = b""


class LateCertificates:
    """At most `capacity` certificates in `directory`; the oldest give way."""

    def __init__(self, directory: Path, capacity: int) -> None:
        self._directory = directory
        self._capacity = capacity

    async def lock(self, fingerprint: str) -> Lock:
        """Wait until no other enrollment of the same request goes on; release the lock after use."""
        return await lock(self._directory / f"{fingerprint}.lock")

    def find(self, fingerprint: str) -> Issued | None:
        """What is kept for the request; its certificate is None when it was never downloaded."""
        try:
            kept = msgspec.msgpack.decode(self._file(fingerprint).read_bytes(), type=_Kept)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        certificate = x509.load_der_x509_certificate(kept.certificate) if kept.certificate else None
        return Issued(kept.request_id, certificate)

    def keep(self, fingerprint: str, issued: Issued) -> int:
        """Keep what was issued; returns how many older ones gave way, lost now."""
        der = issued.certificate.public_bytes(Encoding.DER) if issued.certificate else b""
        replace_whole(self._file(fingerprint), msgspec.msgpack.encode(_Kept(issued.request_id, der)))
        return self._make_room()

    def drop(self, fingerprint: str) -> None:
        """The phone has it."""
        self._file(fingerprint).unlink(missing_ok=True)

    def __len__(self) -> int:
        """How many are kept."""
        return len(list(self._directory.glob("*.late")))

    def _file(self, fingerprint: str) -> Path:
        return self._directory / f"{fingerprint}.late"

    def _make_room(self) -> int:
        files = list(self._directory.glob("*.late"))
        surplus = max(len(files) - self._capacity, 0)
        for path in sorted(files, key=_modified)[:surplus]:
            path.unlink(missing_ok=True)
        return surplus


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
