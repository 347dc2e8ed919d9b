"""Nonces of HTTP Digest: made without keeping anything, remembered only once a client has proved a password.

A nonce is the decimal number, as libEST's are, of its time, some chance and a MAC over both. So nobody can
fill the memory by asking for nonces, and none that was not given out here is ever accepted.
"""

import hmac
import os
import time
from collections.abc import Callable

from testbed.ra.workers.memory import Memory

_TIME_BYTES, _CHANCE_BYTES, _MAC_BYTES = 6, 6, 12
_HEAD_BYTES = _TIME_BYTES + _CHANCE_BYTES
_NONCE_BYTES = _HEAD_BYTES + _MAC_BYTES
_DIGITS = len(str(256**_NONCE_BYTES))
_USE = """
INSERT INTO nonces (issued_ms, nonce, count) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET count = excluded.count WHERE excluded.count > count
"""
_FORGET = "DELETE FROM nonces WHERE issued_ms < ?"
_OLDEST_KEPT = "SELECT issued_ms FROM nonces ORDER BY issued_ms DESC LIMIT 1 OFFSET ?"


class Nonces:
    """Gives out nonces and takes each (nonce, count) pair once, counts ascending, in all processes together.

    `clock` gives seconds, the same in every process. When more than `capacity` nonces are in use, those
    older than the newest so many are not accepted any more.
    """

    def __init__(
        self, memory: Memory, life_seconds: float, capacity: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._memory = memory
        self._life_ms = int(life_seconds * 1000)
        self._capacity = capacity
        self._clock = clock
        self._oldest_ms = -1

    def issue(self) -> str:
        """A new nonce."""
        head = self._now_ms().to_bytes(_TIME_BYTES, "big") + os.urandom(_CHANCE_BYTES)
        return str(int.from_bytes(head + self._mac(head), "big"))

    def use(self, nonce: str, count: int) -> bool:
        """Whether this nonce is good for this count; False when it is foreign, too old or a replay."""
        issued_ms, now_ms = self._issued_ms(nonce), self._now_ms()
        if issued_ms is None or count < 1 or issued_ms > now_ms or issued_ms < self._oldest_taken_ms(now_ms):
            return False
        good = self._memory.change(_USE, (issued_ms, nonce, count)) == 1
        self._forget(now_ms)
        return good

    def __len__(self) -> int:
        """How many nonces are remembered."""
        match self._memory.ask("SELECT count(*) FROM nonces"):
            case (int(count),):
                return count
        return 0

    def _oldest_taken_ms(self, now_ms: int) -> int:
        """The age from which on nonces are forgotten: a forgotten one must not be taken again."""
        match self._memory.ask(_OLDEST_KEPT, (self._capacity - 1,)):
            case (int(issued_ms),):
                self._oldest_ms = max(self._oldest_ms, issued_ms)
        return max(self._oldest_ms, now_ms - self._life_ms)

    def _forget(self, now_ms: int) -> None:
        self._memory.change(_FORGET, (self._oldest_taken_ms(now_ms),))

    def _issued_ms(self, nonce: str) -> int | None:
        if not (nonce.isascii() and nonce.isdigit() and len(nonce) <= _DIGITS):
            return None
        number = int(nonce)
        if number >= 256**_NONCE_BYTES or str(number) != nonce:
            return None
        data = number.to_bytes(_NONCE_BYTES, "big")
        head, mac = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
        if not hmac.compare_digest(mac, self._mac(head)):
            return None
        return int.from_bytes(head[:_TIME_BYTES], "big")

    def _mac(self, head: bytes) -> bytes:
        return hmac.digest(self._memory.secret, head, "sha256")[:_MAC_BYTES]

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
