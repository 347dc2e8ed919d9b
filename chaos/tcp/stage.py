"""One toxic at work on one direction of one connection: it follows the toxic's steps on the real clock."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from chaos.alarms import Cancellable, Clock
from chaos.tcp.toxic import (
    ActsAtEnd,
    ActsOnRemoval,
    ActsWhileIdle,
    Buffers,
    Chunk,
    Close,
    Reset,
    Step,
    Steps,
    Toxic,
    Until,
    Visit,
    Wait,
)


class Following(Protocol):
    """What comes after a stage: the next one, or the far socket."""

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk."""
        ...

    def end(self) -> None:
        """No chunk will come any more."""
        ...


class Surroundings(Protocol):
    """What a stage can do to the direction of the connection it is part of."""

    @property
    def clock(self) -> Clock:
        """What tells the time and calls later."""
        ...

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        ...

    def progressed(self) -> None:
        """Told that a stage holds less than before."""
        ...

    def delayed(self, toxic_type: str, seconds: float) -> None:
        """Told how long a stage has kept a connection waiting."""
        ...


class Stage:
    """A queue of chunks in front of one toxic. `following` is set by the direction that it is part of."""

    following: Following

    def __init__(self, toxic: Toxic, visit: Visit, surroundings: Surroundings) -> None:
        self.toxic = toxic
        self.visit = visit
        self._around = surroundings
        self._queue: deque[Chunk] = deque()
        self._capacity = toxic.buffer_chunks if isinstance(toxic, Buffers) else 1
        self._steps: Iterator[Step] | None = None
        self._alarm: Cancellable | None = None
        self._idling = self._ending = self._ended = self._hasty = False

    @property
    def full(self) -> bool:
        """Whether it holds as much as it may."""
        return len(self._queue) + (self._busy and not self._idling) >= self._capacity

    @property
    def _busy(self) -> bool:
        return self._steps is not None

    def start(self) -> None:
        """Begin to act, even before there is data."""
        self._work()

    def feed(self, chunk: Chunk) -> None:
        """Take one chunk; it goes on when the toxic lets it."""
        if not self._ended and not self._ending:
            self._queue.append(chunk)
            self._interrupt_idling()
            self._work()

    def end(self) -> None:
        """Take the end of the stream; it goes on after all chunks have."""
        if not self._ending:
            self._ending = True
            self._interrupt_idling()
            self._work()

    def release(self, *, removed: bool) -> None:
        """Pass on all it holds at once, for the toxic is changed or `removed`; of no use afterwards."""
        self._hasty = True
        self._interrupt_idling()
        self._stop_waiting()
        self._work()
        if removed and not self._ended and isinstance(self.toxic, ActsOnRemoval):
            self._follow(iter(self.toxic.on_removal(self.visit)))
        self._ended = True

    def abandon(self) -> None:
        """Stop at once and pass nothing on."""
        self._ended = True
        self._queue.clear()
        self._stop_waiting()

    def _work(self) -> None:
        """Follow steps until there is something to wait for, or nothing to do."""
        while not self._ended and self._alarm is None:
            steps = self._steps or self._next_steps()
            if steps is None:
                return
            self._steps = iter(steps)
            if not self._follow(self._steps):
                return
            self._steps = None
            if self._idling:
                return
            self._around.progressed()

    def _next_steps(self) -> Steps | None:
        if self._queue:
            return self.toxic.pass_on(self._queue.popleft(), self.visit)
        if self._ending:
            return self._last_steps()
        if isinstance(self.toxic, ActsWhileIdle) and not self._idling and not self._hasty:
            self._idling = True
            return self.toxic.while_idle(self.visit)
        return None

    def _last_steps(self) -> Steps:
        if isinstance(self.toxic, ActsAtEnd):
            yield from self.toxic.at_end(self.visit)
        yield Close()

    def _follow(self, steps: Iterator[Step]) -> bool:
        """Take steps to their end; False when they have to wait, or all is over."""
        for step in steps:
            match step:
                case Chunk():
                    self.following.feed(step)
                case Until() | Wait():
                    if not self._hasty and self._must_wait(step):
                        return False
                case Close():
                    self._finish(self.following.end)
                case Reset():
                    self._finish(self._around.reset)
            if self._ended:
                return False
        return True

    def _must_wait(self, step: Until | Wait) -> bool:
        now = self._around.clock.now()
        until = step.at_seconds if isinstance(step, Until) else now + step.seconds
        if until <= now:
            return False
        self._alarm = self._around.clock.at(until, self._rung)
        if not self._idling:
            self._around.delayed(self.toxic.type, until - now)
        return True

    def _rung(self) -> None:
        self._alarm = None
        self._work()

    def _finish(self, how: Callable[[], None]) -> None:
        self.abandon()
        how()

    def _interrupt_idling(self) -> None:
        if self._idling:
            self._idling = False
            self._steps = None
            self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
