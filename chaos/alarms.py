"""Alarms on the monotonic clock, exact to a tenth of a millisecond.

uvloop rounds its own timers to whole milliseconds, and may ring up to half of one early. On Linux the alarms
hang on one timerfd instead, which the loop watches like a socket.
"""

import asyncio
import ctypes
import heapq
import itertools
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

_CLOCK_MONOTONIC = 1
_TFD_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_TFD_TIMER_ABSTIME = 1
# Alarms cancelled before they ring stay in the heap until so many have gathered.
_TIDY_FROM = 64


class Cancellable(Protocol):
    """A call to come."""

    def cancel(self) -> None:
        """Never ring; no matter if it has rung."""
        ...


class Clock(Protocol):
    """What toxics know of time: what it is, in seconds that only go forward, and to be called later."""

    now: Callable[[], float]

    def at(self, at_seconds: float, call: Callable[[], None]) -> Cancellable:
        """Have `call` called at `at_seconds`; infinity is never."""
        ...


class Alarm:
    """One call to come; `cancel` it at any time."""

    __slots__ = ("_alarms", "call")

    def __init__(self, alarms: "Alarms", call: Callable[[], None] | None) -> None:
        self._alarms = alarms
        self.call = call

    def cancel(self) -> None:
        """Never ring; no matter if it has rung."""
        if self.call is not None:
            self.call = None
            self._alarms.cancelled()


class Waker(Protocol):
    """Wakes the alarms once, at the last moment asked for."""

    def wake_at(self, at_seconds: float) -> None:
        """Wake at this time instead of any asked for before."""
        ...

    def close(self) -> None:
        """Wake no more."""
        ...


class Alarms:
    """A clock on `time.monotonic`: never early, and in the order of the times asked for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now: Callable[[], float] = time.monotonic
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._cancelled = 0
        self._waker: Waker = (_TimerFd if sys.platform == "linux" else _LoopTimer)(loop, self._ring)

    def at(self, at_seconds: float, call: Callable[[], None]) -> Alarm:
        """Have `call` called at `at_seconds`; infinity is never."""
        alarm = Alarm(self, call)
        if at_seconds == math.inf:
            return alarm
        heapq.heappush(self._heap, (at_seconds, next(self._order), alarm))
        if self._heap[0][2] is alarm:
            self._waker.wake_at(at_seconds)
        return alarm

    def cancelled(self) -> None:
        """Told by an alarm that it will not ring."""
        self._cancelled += 1
        if self._cancelled > _TIDY_FROM and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].call is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def close(self) -> None:
        """Ring no more."""
        self._waker.close()
        self._heap.clear()

    def _ring(self) -> None:
        while self._heap and self._heap[0][0] <= self.now():
            alarm = heapq.heappop(self._heap)[2]
            call, alarm.call = alarm.call, None
            if call is not None:
                call()
        if self._heap:
            self._waker.wake_at(self._heap[0][0])


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class _TimerFd:
    """A waker on timerfd_create(2)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.timerfd_create(_CLOCK_MONOTONIC, _TFD_NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        loop.add_reader(self._fd, self._woken)

    def wake_at(self, at_seconds: float) -> None:
        """Set the timer; a moment that has passed wakes at once."""
        nanoseconds = max(1, math.ceil(at_seconds * 1e9))
        when = _Itimerspec(value=_Timespec(*divmod(nanoseconds, 1_000_000_000)))
        self._libc.timerfd_settime(self._fd, _TFD_TIMER_ABSTIME, ctypes.byref(when), None)

    def close(self) -> None:
        """Give the timer back."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _woken(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        self._ring()


class _LoopTimer:
    """A waker on the loop's own timers, for systems without timerfd."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def wake_at(self, at_seconds: float) -> None:
        """Set the timer."""
        self.close()
        self._timer = self._loop.call_later(max(0.0, at_seconds - time.monotonic()), self._ring)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
