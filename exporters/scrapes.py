"""Who scrapes an endpoint, and how often: what a process counted last is fetched before it ends."""

import threading
import time
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_SECONDS = 20.0
_POLL_SECONDS = 0.05
# A busy machine keeps no habit to the second: who came lately is waited for longer than who is late by now.
_GRACE_SECONDS = 3.0
_PATIENCE_SECONDS = 10.0


class Scrapes:
    """Watches a WSGI application being fetched. `clock` never steps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last: float | None = None
        self._interval_seconds = 0.0

    def watched(self, application: WSGIApplication) -> WSGIApplication:
        """The application, watched."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            began = self._clock()
            answer = application(environ, start_response)
            with self._lock:
                if self._last is not None and began - self._last <= _LONGEST_SECONDS:
                    self._interval_seconds = max(self._interval_seconds, began - self._last)
                self._last = began
            return answer

        return serve

    def see_last(self, sleep: Callable[[float], None] = time.sleep) -> bool:
        """Wait until whoever scrapes regularly has done so once more; False when nobody does, or nobody came.

        Two scrapes make a habit, its longest gap the measure; none that is over 20 s is waited for.
        """
        now = self._clock()
        interval = self._interval_seconds
        if self._last is None or not interval:
            return False
        if now - self._last > 2 * interval + _GRACE_SECONDS:
            return False
        latest = max(self._last + 1.5 * interval, now) + _PATIENCE_SECONDS
        while self._last <= now:
            if self._clock() > latest:
                return False
            sleep(_POLL_SECONDS)
        return True
