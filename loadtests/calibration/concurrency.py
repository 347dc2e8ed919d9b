"""How many requests the CA had at once, by time: from when each ended and how long it took."""

import math

_WINDOW_SECONDS, _MOST_WINDOWS = 10, 500_000
# A request is looked at in the windows of its last minutes, not of an hour.
_MOST_SPANNED = 30
_UP_TO = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


class Concurrency:
    """The mean number of requests under way in each window of time.

    Windows are ten seconds, much longer than most requests: a request's own length must not decide in whose
    company it is seen. They grow when there come to be too many of them: memory stays bounded.
    """

    def __init__(self) -> None:
        self.window_seconds = _WINDOW_SECONDS
        self._held: dict[int, float] = {}

    def add(self, ended_at: float, each_seconds: float, times: int) -> None:
        """So many requests ended about then, each after so many seconds."""
        left, window = each_seconds, int(ended_at // self.window_seconds)
        while left > 0:
            part = min(left, self.window_seconds)
            self._held[window] = self._held.get(window, 0.0) + part * times
            left -= part
            window -= 1
        if len(self._held) > _MOST_WINDOWS:
            self._coarsen()

    def beside(self, ended_at: float, each_seconds: float) -> float:
        """How many others were under way on average, in the windows of a request that was added."""
        last, window_seconds = int(ended_at // self.window_seconds), self.window_seconds
        spanned = min(_MOST_SPANNED, max(1, math.ceil(each_seconds / window_seconds)))
        held = sum(self._held.get(last - back, 0.0) for back in range(spanned))
        own = min(each_seconds, spanned * window_seconds)
        return max(0.0, held - own) / (spanned * window_seconds)

    @property
    def highest(self) -> float:
        """The highest mean of any window."""
        return max(self._held.values(), default=0.0) / self.window_seconds

    def _coarsen(self) -> None:
        coarser: dict[int, float] = {}
        for window, held in self._held.items():
            coarser[window // 2] = coarser.get(window // 2, 0.0) + held
        self._held = coarser
        self.window_seconds *= 2


def level(concurrency: float) -> int:
    """Which of some levels of concurrency that is, from 0."""
    return sum(concurrency > limit for limit in _UP_TO)


def up_to(number: int) -> float | None:
    """The concurrency up to which a level goes; None for the last, which has no end."""
    return _UP_TO[number] if number < len(_UP_TO) else None
