"""One direction of a connection: bytes from one socket to the other, straight or through toxics.

Without a toxic a read is written at once, from one buffer that all connections share; with toxics it becomes
a chunk and passes the stages in the order in which their toxics were added.
"""

import asyncio
import contextlib
import random
import socket
from collections import defaultdict, deque
from typing import Literal, Protocol

from chaos.alarms import Clock
from chaos.tcp.stage import Following, Stage
from chaos.tcp.toxic import Chunk, Toxic, Visit

Stream = Literal["upstream", "downstream"]
CHUNK_BYTES = 32 * 1024
_READS_AT_ONCE = 16


class Owner(Protocol):
    """What a direction needs of its connection."""

    def direction_finished(self, direction: "Direction") -> None:
        """A direction carries nothing more."""
        ...

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        ...

    def delayed(self, toxic_type: str, seconds: float) -> None:
        """A toxic keeps data waiting."""
        ...


class Outlet:
    """The far socket: writes what it can and keeps the rest until there is room."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sink: socket.socket, direction: "Direction") -> None:
        self.sent_bytes = 0
        self.failed = False
        self._loop = loop
        self._sink = sink
        self._direction = direction
        self._pending: deque[memoryview] = deque()
        self._ending = False

    @property
    def blocked(self) -> bool:
        """Whether bytes wait for room in the socket."""
        return bool(self._pending)

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk from the last stage."""
        self.write(memoryview(chunk.data))

    def write(self, data: memoryview) -> None:
        """Send `data`; what does not fit is copied, for the caller's buffer is used again."""
        if self._ending or self.failed:
            return
        if self._pending:
            self._pending.append(memoryview(bytes(data)))
            return
        sent = self._send(data)
        if sent < len(data) and not self.failed:
            self._pending.append(memoryview(bytes(data[sent:])))
            self._loop.add_writer(self._sink, self._writable)

    def end(self) -> None:
        """Finish once all is sent."""
        self._ending = True
        if not self._pending:
            self._direction.finish()

    def drop(self) -> None:
        """Send nothing more."""
        if self._pending:
            self._pending.clear()
            self._loop.remove_writer(self._sink)

    def _send(self, data: memoryview) -> int:
        try:
            sent = self._sink.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self.failed = True
            self._direction.finish()
            return 0
        self.sent_bytes += sent
        return sent

    def _writable(self) -> None:
        while self._pending:
            sent = self._send(self._pending[0])
            if self.failed:
                return
            if sent < len(self._pending[0]):
                self._pending[0] = self._pending[0][sent:]
                return
            self._pending.popleft()
        self._loop.remove_writer(self._sink)
        if self._ending:
            self._direction.finish()
        else:
            self._direction.progressed()


class Direction:
    """Carries bytes from `source` to `sink` until one of them ends; then `finished` is called, once."""

    def __init__(
        self,
        stream: Stream,
        ends: tuple[socket.socket, socket.socket],
        buffer: memoryview,
        clock: Clock,
        owner: Owner,
    ) -> None:
        self.stream = stream
        self.clock = clock
        self.received_bytes = 0
        self.finished = False
        self._loop = asyncio.get_running_loop()
        self._source, sink = ends
        self.outlet = Outlet(self._loop, sink, self)
        self._buffer = buffer
        self._owner = owner
        self._places: dict[str, Stage | None] = {}
        self._memories: dict[str, defaultdict[str, float]] = {}
        self._stages: tuple[Stage, ...] = ()
        self._entry: Following | None = None
        self._reading = self._source_ended = False

    # -- the connection's side

    def start(self) -> None:
        """Begin to carry."""
        self.progressed()

    def source_ended(self) -> None:
        """The source has said its last; what is on its way still arrives."""
        if not self._source_ended:
            self._source_ended = True
            self._stop_reading()
            (self._entry or self.outlet).end()

    def finish(self) -> None:
        """Carry nothing more, and let the connection know."""
        if not self.finished:
            self.drop()
            self._owner.direction_finished(self)

    def drop(self) -> None:
        """Carry nothing more."""
        self.finished = True
        self._stop_reading()
        self.outlet.drop()
        for stage in self._stages:
            stage.abandon()

    def put(self, name: str, toxic: Toxic | None, dice: random.Random) -> None:
        """Have `toxic` act here as `name`, in its old place if it had one; None: it spares this connection.

        What a toxic before it held is passed on; its memory is kept.
        """
        self._release(name, removed=False)
        if self.finished:
            return
        visit = Visit(dice, self._memories.setdefault(name, defaultdict(int)))
        self._places[name] = stage = None if toxic is None else Stage(toxic, visit, self)
        self._join()
        if stage is not None:
            stage.start()
        self.progressed()

    def take(self, name: str) -> None:
        """Have the toxic `name` act no more; what it held is passed on."""
        self._release(name, removed=True)
        if not self.finished:
            del self._places[name], self._memories[name]
            self._join()
            self.progressed()

    def _release(self, name: str, *, removed: bool) -> None:
        stage = self._places.get(name)
        if stage is not None and not self.finished:
            stage.release(removed=removed)

    # -- the stages' side

    def reset(self) -> None:
        """Drop the whole connection with a TCP reset."""
        self._owner.reset()

    def delayed(self, toxic_type: str, seconds: float) -> None:
        """A stage keeps data waiting."""
        self._owner.delayed(toxic_type, seconds)

    def progressed(self) -> None:
        """Read while there is room for what is read."""
        if self.finished or self._source_ended:
            return
        if self.outlet.blocked or any(stage.full for stage in self._stages):
            self._stop_reading()
        elif not self._reading:
            self._reading = True
            self._loop.add_reader(self._source, self._readable)

    def _join(self) -> None:
        self._stages = tuple(stage for stage in self._places.values() if stage is not None)
        followings: tuple[Following, ...] = (*self._stages[1:], self.outlet)
        for stage, following in zip(self._stages, followings, strict=False):
            stage.following = following
        self._entry = self._stages[0] if self._stages else None

    def _readable(self) -> None:
        # To the last byte: libuv tells of a reset once, and no more watches the socket then.
        for _ in range(_READS_AT_ONCE):
            if not (self._reading and self._read()):
                return
        if self._reading:
            self._loop.add_reader(self._source, self._readable)

    def _read(self) -> bool:
        """Carry one read; False when there is none."""
        try:
            size = self._source.recv_into(self._buffer, CHUNK_BYTES if self._entry else 0)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            size = 0  # the source is gone: its stream ends here
        if not size:
            self.source_ended()
            return False
        self.received_bytes += size
        if self._entry is None:
            self.outlet.write(self._buffer[:size])
        else:
            self._entry.feed(Chunk(bytes(self._buffer[:size]), self.clock.now()))
        self.progressed()
        return True

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            with contextlib.suppress(OSError):
                self._loop.remove_reader(self._source)
