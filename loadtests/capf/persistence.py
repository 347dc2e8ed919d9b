"""A phone's persistence: it tries, waits a fixed time after a failure, tries again, until its deadline."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.capf.enroller import Enroller
from loadtests.phones.settings import ONCE, Operation, RetrySettings
from loadtests.results.journal import Attempt

Report = Callable[[Attempt, int], None]
Begin = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What phones do and how long: `finish_by` is seconds since the epoch, past which none starts."""

    operation: Operation = Operation.INSTALL
    retry: RetrySettings = ONCE
    finish_by: float = math.inf


class Persistence:
    """Sees phones through. `wait` sleeps that many seconds and says whether the run still goes on.

    `begin` is told of each try as it starts: its number, and the number of the
    first.
    """

    def __init__(
        self,
        enroller: Enroller,
        rules: Rules,
        clock: Callable[[], float],
        report: Report,
        wait: Callable[[float], bool],
        begin: Begin = lambda _number, _first: None,
    ) -> None:
        self._enroller = enroller
        self._rules = rules
        self._clock = clock
        self._report = report
        self._wait = wait
        self._begin = begin

    def see_through(self, index: int, intended_start: float, first: int = 1, earlier: int = 0) -> None:
        """Let phone `index` try until it is enrolled, out of tries, past its deadline, or the run ends.

        `first` is the number of its first try; `earlier` is added to the numbers that are written down. Each
        try is an attempt with an intended start of its own: so long after the end of the one before.
        """
        retry = self._rules.retry
        for number in range(first, retry.attempts + 1):
            if max(intended_start, self._clock()) > self._rules.finish_by:
                return
            self._begin(number, first)
            attempt, lsc = self._enroller.enroll(
                index, self._rules.operation, intended_start, number + earlier
            )
            self._report(attempt, len(lsc.der) if lsc else 0)
            if attempt.enrolled or number == retry.attempts:
                return
            intended_start = attempt.done + retry.spacing_seconds
            if not self._wait(max(0.0, intended_start - self._clock())):
                return
