"""Simulated time: what is due happens in order, and the clock jumps from one event to the next.

Two kinds of events, for speed. What ends at any time goes through a heap. Timers, nearly all of which are
stopped before they go off, wait in queues, one for each length: a queue is in order by itself, and its
stopped timers are dropped in bulk.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable

Action = Callable[[], None]


class Timer:
    """A timer that was started; `stop` it, or it goes off."""

    __slots__ = ("action", "due")

    def __init__(self, due: float, action: Action) -> None:
        self.due = due
        self.action: Action | None = action

    def stop(self) -> None:
        """Keep it from going off; again or afterwards, this does nothing."""
        self.action = None

    def go_off(self) -> None:
        """Do what it is for, unless it was stopped."""
        if self.action is not None:
            self.action()


class Clockwork:
    """The clock and what it will set off. `now` is in seconds from the simulation's start."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Action]] = []
        self._number = 0
        self._timers: dict[float, deque[Timer]] = {}
        self._next_timer = math.inf

    def after(self, seconds: float, action: Action) -> None:
        """Let `action` happen in `seconds`; what is due at the same time happens in the order of asking."""
        self._number += 1
        heapq.heappush(self._events, (self.now + seconds, self._number, action))

    def timer(self, seconds: float, action: Action) -> Timer:
        """A timer that goes off in `seconds`. Of what is due at one moment, timers go first.

        Made for few different lengths; `alarm` is for any.
        """
        timer = Timer(self.now + seconds, action)
        queue = self._timers.get(seconds)
        if queue is None:
            queue = self._timers[seconds] = deque()
        queue.append(timer)
        self._next_timer = min(self._next_timer, timer.due)
        return timer

    def alarm(self, seconds: float, action: Action) -> Timer:
        """A timer of a length that hardly another has."""
        timer = Timer(self.now + seconds, action)
        self.after(seconds, timer.go_off)
        return timer

    def run(self) -> None:
        """Until nothing is due any more."""
        events, pop = self._events, heapq.heappop
        while True:
            if events and events[0][0] < self._next_timer:
                self.now, _, action = pop(events)
                action()
            elif not self._set_off():
                return

    def _set_off(self) -> bool:
        """The timer that is due next, if any is; whether anything is left to do."""
        first: deque[Timer] | None = None
        for length, queue in list(self._timers.items()):
            while queue and queue[0].action is None:
                queue.popleft()
            if not queue:
                del self._timers[length]
            elif first is None or queue[0].due < first[0].due:
                first = queue
        self._next_timer = math.inf if first is None else first[0].due
        if first is None:
            return bool(self._events)
        if not self._events or self._next_timer <= self._events[0][0]:
            timer = first.popleft()
            self.now, action = timer.due, timer.action
            timer.action = None
            self._next_timer = timer.due
            assert action is not None
            action()
        return True
