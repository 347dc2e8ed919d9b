"""The strikes of a run at a Grafana, which shows them over its charts.

Grafana's HTTP API: `POST /api/annotations` answers `{"id": N}`, `PATCH /api/annotations/N` changes one.
"""

import logging
import queue
import threading
from types import TracebackType
from typing import Self

import httpx
import msgspec

from chaos.annotations import annotation
from chaos.striking import Note

_TIMEOUT_SECONDS = 5.0
_CLOSE_SECONDS = 10.0


class Grafana:
    """A listener that annotates at a Grafana, from a thread of its own; a context manager that sees it end.

    A Grafana that does not answer costs a line of the log, never a fault or the load.
    """

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False
        )
        self._notes: queue.SimpleQueue[Note | None] = queue.SimpleQueue()
        self._ids: dict[str, tuple[int, float]] = {}
        self._thread = threading.Thread(target=self._work, name="grafana", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._notes.put(None)
        self._thread.join(_CLOSE_SECONDS)
        self._http.close()

    def take(self, note: Note) -> None:
        """Pass the note on; returns at once."""
        self._notes.put(note)

    def _work(self) -> None:
        while (note := self._notes.get()) is not None:
            try:
                self._send(note)
            except (httpx.HTTPError, msgspec.DecodeError, KeyError) as error:
                logging.getLogger(__name__).warning("Grafana was not told of %s: %s", note.name, error)

    def _send(self, note: Note) -> None:
        known = self._ids.get(note.name)
        body = annotation(note, known[1] if known else note.at)
        content = msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        if known:
            answer = self._http.patch(f"/api/annotations/{known[0]}", content=content, headers=headers)
            answer.raise_for_status()
            return
        answer = self._http.post("/api/annotations", content=content, headers=headers)
        answer.raise_for_status()
        if note.event == "start":
            identity = msgspec.json.decode(answer.content, type=dict[str, object])["id"]
            self._ids[note.name] = (msgspec.convert(identity, int), note.at)
