"""Requests that wait for the CA's decision, so that a client that comes again is not a new request there."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509

from testbed.ra.certificates import SigningRequest
from testbed.ra.workers.locks import Lock, lock
from testbed.ra.workers.memory import Memory

_REMEMBER = """
INSERT INTO pending (fingerprint, request_id, since, request, server_key) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (fingerprint) DO UPDATE SET request_id = excluded.request_id, since = excluded.since,
    request = excluded.request, server_key = excluded.server_key
WHERE request_id <> excluded.request_id
"""
_RECALL = "SELECT request_id, request, server_key FROM pending WHERE fingerprint = ? AND since >= ?"
_GIVE_UP = """
DELETE FROM pending WHERE since < ? OR fingerprint IN (
    SELECT fingerprint FROM pending ORDER BY since DESC LIMIT -1 OFFSET ?)
"""


@dataclass(frozen=True, slots=True)
class Order:
    """What is handed in at the CA; `server_key` is its key where that was made here, PKCS#8 in DER."""

    request: SigningRequest
    server_key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order the CA has not decided on, and its id there."""

    request_id: int
    order: Order


class PendingRequests:
    """What waits, by fingerprint; the oldest are forgotten beyond `capacity` or `life_seconds`.

    `clock` gives seconds, the same in every process. `decided_at_once` is whether the CA issued what was
    last handed in without asking anybody, as far as this process knows.
    """

    def __init__(
        self, memory: Memory, capacity: int, life_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.decided_at_once = False
        self._forgotten = 0
        self._memory = memory
        self._capacity = capacity
        self._life_seconds = life_seconds
        self._clock = clock

    async def lock(self, fingerprint: bytes) -> Lock:
        """Wait until no process hands in the same request; release the lock after use."""
        return await lock(self._memory.directory / f"{fingerprint.hex()}.order")

    def remember(self, fingerprint: bytes, request_id: int, order: Order) -> None:
        """Keep the id under which the CA has this order; one that is known keeps its age."""
        now, pem = self._clock(), order.request.pem
        self._memory.change(_REMEMBER, (fingerprint, request_id, now, pem, order.server_key))
        self._forgotten += self._memory.change(_GIVE_UP, (now - self._life_seconds, self._capacity))

    def recall(self, fingerprint: bytes) -> Waiting | None:
        """What was remembered, None when nothing was."""
        row = self._memory.ask(_RECALL, (fingerprint, self._clock() - self._life_seconds))
        match row:
            case (int(request_id), bytes(pem), bytes() | None as server_key):
                return Waiting(request_id, Order(SigningRequest(x509.load_pem_x509_csr(pem)), server_key))
        return None

    def forget(self, fingerprint: bytes) -> None:
        """The request is decided, and the client knows."""
        self._memory.change("DELETE FROM pending WHERE fingerprint = ?", (fingerprint,))

    def take_forgotten(self) -> int:
        """How many this process has given up, while they still waited, since this was last asked."""
        count, self._forgotten = self._forgotten, 0
        return count

    def __len__(self) -> int:
        """How many wait."""
        match self._memory.ask("SELECT count(*) FROM pending"):
            case (int(count),):
                return count
        return 0
