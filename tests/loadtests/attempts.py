"""Attempts for tests: one at a time with what matters spelled out, or a whole storm from a seed."""

import random
from collections.abc import Iterator

import msgspec

from loadtests.est.tls_stream import Stage
from loadtests.results.journal import Attempt
from testbed.est_errors import EstError

START = 1_760_000_000.0
READ_TIMEOUT_SECONDS = 10.0


def enrolled(index: int = 0, *, at: float = 0.0, latency: float = 0.05, lag: float = 0.001) -> Attempt:
    """The attempt of phone `index`, meant to start `at` seconds after START, enrolled after `latency`."""
    service = latency - lag
    started = START + at + lag
    return Attempt(
        phone=f"SEP{index:012X}", index=index, operation="install", attempt=1, worker=0,
        intended_start=START + at, started=started, sent=started + 0.15 * service, done=started + service,
        connect_seconds=0.02 * service, tls_seconds=0.12 * service, send_seconds=0.01 * service,
        wait_seconds=0.8 * service, read_seconds=0.01 * service, check_seconds=0.03 * service,
        est_error=str(EstError.NONE), est_code=0, http_status=200, serial=f"{index + 1:032x}", reason="",
    )  # fmt: skip


def failed(
    index: int = 0,
    *,
    at: float = 0.0,
    latency: float = 0.05,
    error: EstError = EstError.SSL_READ,
    reason: str = "no answer within 10 s",
) -> Attempt:
    """An attempt like `enrolled`, but with `error` while waiting for the answer."""
    return msgspec.structs.replace(
        enrolled(index, at=at, latency=latency), read_seconds=None, check_seconds=None,
        est_error=str(error), est_code=int(error), http_status=None, serial=None, reason=reason,
    )  # fmt: skip


def timed_out(index: int = 0, *, at: float = 0.0, read_timer_seconds: float = 10.0) -> Attempt:
    """An attempt whose request was sent and brought no answer before the read timer ended it."""
    reason = f"{Stage.RECEIVE.value}: timed out"
    attempt = failed(index, at=at, latency=read_timer_seconds, reason=reason)
    return msgspec.structs.replace(attempt, wait_seconds=None)


def refused(index: int = 0, *, at: float = 0.0) -> Attempt:
    """An attempt that found nobody listening: nothing was sent."""
    attempt = failed(index, at=at, latency=0.002, error=EstError.IP_CONNECT, reason="connection refused")
    return msgspec.structs.replace(
        attempt, sent=None, connect_seconds=None, tls_seconds=None, send_seconds=None, wait_seconds=None
    )


def retry(attempt: Attempt, number: int) -> Attempt:
    """`attempt` as the phone's `number`th."""
    return msgspec.structs.replace(attempt, attempt=number)


def storm(phones: int, *, per_second: float = 25.0, seed: int = 1) -> Iterator[Attempt]:
    """Phones at a steady rate against a CA that stalls in the middle third: slower, and some time out."""
    source = random.Random(seed)
    for index in range(phones):
        at = index / per_second
        slow = phones / 3 <= index < phones / 2
        latency = source.lognormvariate(-3.0, 0.35) * (120 if slow else 1)
        if latency > READ_TIMEOUT_SECONDS:
            yield failed(index, at=at, latency=READ_TIMEOUT_SECONDS)
        elif source.random() < 0.01:
            yield refused(index, at=at)
        else:
            yield enrolled(index, at=at, latency=latency, lag=min(latency / 2, source.expovariate(1000)))
