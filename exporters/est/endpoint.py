"""`/probe?target=URL&module=NAME`: probes while it is asked, only what it may, and only so much at once.

200  the probe's metrics, whether it succeeded or not
400  no target, a target that is no URL of an EST server, or a module that is not configured
403  a target that the module may not probe
503  as many probes under way as there may be
"""

import concurrent.futures
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app

from exporters.est.observation import Observation, ObservationMetrics

_AT_ONCE = 8
_SCRAPE_TIMEOUT = "HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"
# What is left of a scrape's time for the way back, as in the blackbox exporter.
_MARGIN_SECONDS = 0.5
_SHORTEST_SECONDS = 0.1
_LONGEST_TARGET = 300


class TargetRefusedError(Exception):
    """A target that cannot be probed; `allowed` False: it is one, and the module may not."""

    def __init__(self, reason: str, *, allowed: bool = True) -> None:
        super().__init__(reason)
        self.allowed = allowed


class Prober(Protocol):
    """Probes EST servers as one module says."""

    timeout_seconds: float

    def check(self, target: str) -> None:
        """TargetRefusedError when `target` is no URL of an EST server, or may not be probed."""
        ...

    def probe(self, target: str, timeout_seconds: float) -> Observation:
        """Probe it; each step takes `timeout_seconds` at most. Never raises."""
        ...


class ProbeEndpoint:
    """A WSGI application for `/probe`; `otherwise` answers all else. `close` it to end its threads."""

    def __init__(self, probers: Mapping[str, Prober], clock: Callable[[], float]) -> None:
        self._probers, self._clock = probers, clock
        self._free = threading.BoundedSemaphore(_AT_ONCE)
        self._threads = concurrent.futures.ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe")

    def with_probe(self, otherwise: WSGIApplication) -> WSGIApplication:
        """The application with `/probe` in it."""

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ.get("PATH_INFO") != "/probe":
                return otherwise(environ, start_response)
            return self._answer(environ, start_response)

        return application

    def close(self) -> None:
        """End the threads, those of probes under way when these are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = parse_qs(str(environ.get("QUERY_STRING", "")), max_num_fields=10)
        target, name = (asked.get(key, [""])[0] for key in ("target", "module"))
        prober = self._probers.get(name or "cacerts")
        if prober is None:
            known = ", ".join(sorted(self._probers))
            return _refuse(start_response, "400 Bad Request", f"unknown module; there are: {known}")
        if not target or len(target) > _LONGEST_TARGET:
            return _refuse(start_response, "400 Bad Request", "give ?target=https://HOST:PORT[/SEGMENT]")
        try:
            prober.check(target)
        except TargetRefusedError as refused:
            status = "400 Bad Request" if refused.allowed else "403 Forbidden"
            return _refuse(start_response, status, str(refused))
        if not self._free.acquire(blocking=False):
            return _refuse(start_response, "503 Service Unavailable", f"{_AT_ONCE} probes are under way")
        observation = self._observe(prober, target, _timeout(environ, prober.timeout_seconds))
        registry = CollectorRegistry()
        registry.register(ObservationMetrics(observation))
        metrics: WSGIApplication = make_wsgi_app(registry)
        return metrics(environ, start_response)

    def _observe(self, prober: Prober, target: str, timeout_seconds: float) -> Observation:
        started = self._clock()

        def probe() -> Observation:
            try:
                return prober.probe(target, timeout_seconds)
            finally:
                self._free.release()

        try:
            # A peer that sends a byte now and then keeps a step alive; the scrape does not wait for it.
            return self._threads.submit(probe).result(timeout_seconds)
        except concurrent.futures.TimeoutError:
            return Observation(
                success=False, est_error="EST_ERR_SSL_READ", duration_seconds=self._clock() - started
            )


def _timeout(environ: WSGIEnvironment, timeout_seconds: float) -> float:
    try:
        wanted = float(str(environ.get(_SCRAPE_TIMEOUT, ""))) - _MARGIN_SECONDS
    except ValueError:
        return timeout_seconds
    return max(_SHORTEST_SECONDS, min(timeout_seconds, wanted)) if wanted == wanted else timeout_seconds  # noqa: PLR0124


def _refuse(start_response: StartResponse, status: str, reason: str) -> Iterable[bytes]:
    start_response(
        status, [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    )
    return [reason.encode("utf-8", "replace") + b"\n"]
