"""What a process of the load generator counts for Prometheus, from its phones' attempts."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from exporters.load.tally import Ended, Failure, Snapshot, Tally
from loadtests.arrivals.schedule import LATE_SECONDS
from loadtests.est.tls_stream import Stage, Timers
from loadtests.results.journal import Attempt
from testbed.est_errors import EstError

_TIMED_OUT = {
    f"{stage.value}: timed out": timer
    for stage, timer in (
        (Stage.CONNECT, "connect"), (Stage.TLS, "handshake"), (Stage.SEND, "read"), (Stage.RECEIVE, "read"),
    )
}  # fmt: skip


@dataclass(slots=True)
class Course:
    """The phones of one run of one process, as far as they are. `planned` of them are to start."""

    worker: int = 0
    planned: int = 0
    started: int = 0
    gone: int = 0
    attempts: int = 0
    ended_attempts: int = 0
    enrolled: int = 0
    ended: bool = False
    due: Iterator[float] = field(default_factory=lambda: iter(()))
    """Intended starts that are still to come, seconds since the epoch."""

    @property
    def phones(self) -> dict[str, int]:
        """How many phones are in each state."""
        under_way = self.attempts - self.ended_attempts
        return {
            "waiting": self.planned - self.started,
            "under_way": under_way,
            "between_tries": max(0, self.started - self.gone - under_way),
            "enrolled": self.enrolled,
            "failed": self.gone - self.enrolled,
        }


class Meter:
    """Counts in one process, run after run. `clock` gives seconds since the epoch, `cpu` seconds of CPU."""

    def __init__(
        self,
        timers: Timers,
        operation: str,
        clock: Callable[[], float] = time.time,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        limits = {
            "connect": timers.connect_seconds,
            "handshake": timers.handshake_seconds,
            "read": timers.read_seconds,
        }
        self.tally = Tally(limits, operation)
        self.course = Course()
        self.settle: Callable[[], None] = lambda: None
        """Counts what has ended and was not yet counted."""
        self._operation = operation
        self._clock = clock
        self._cpu = cpu
        self._next_due: float | None = None

    def begin(self, worker: int, planned: int, settle: Callable[[], None]) -> None:
        """A run of `planned` phones begins in this process."""
        self.course = Course(worker, planned)
        self.settle = settle
        self._next_due = None

    def expect(self, due: Iterator[float]) -> None:
        """Phones are to start at these moments, in their order."""
        self.course.due = due
        self._next_due = next(due, None)

    def begins(self, *, scheduled: bool, retry: bool) -> None:
        """An attempt starts; `scheduled`: its intended start is one of those expected."""
        self.course.attempts += 1
        if not scheduled:
            self.tally.intended(self._operation)
        self.tally.started(self._operation, retry=retry)

    def ends(self, attempt: Attempt) -> None:
        """An attempt has ended; `count` follows."""
        self.course.ended_attempts += 1
        self.course.enrolled += attempt.enrolled

    def count(self, attempt: Attempt) -> None:
        """Count an attempt that has ended."""
        lag_seconds = attempt.started - attempt.intended_start
        self.tally.ended(
            Ended(
                attempt.operation,
                attempt.done - attempt.intended_start,
                attempt.done - attempt.started,
                (
                    attempt.connect_seconds, attempt.tls_seconds, attempt.send_seconds,
                    attempt.wait_seconds, attempt.read_seconds, attempt.check_seconds,
                ),
                attempt.sent is not None,
                None if attempt.enrolled else failure_of(attempt),
                lag_seconds,
                lag_seconds > LATE_SECONDS,
            )
        )  # fmt: skip

    def snapshot(self) -> Snapshot:
        """Everything this process has counted."""
        self.settle()
        now = self._clock()
        while self._next_due is not None and self._next_due <= now:
            self.tally.intended(self._operation)
            self._next_due = next(self.course.due, None)
        course = self.course
        return self.tally.snapshot(course.worker, now, self._cpu(), course.phones, ended=course.ended)


def failure_of(attempt: Attempt) -> Failure:
    """Why an attempt failed, and how far it came."""
    return Failure(attempt.est_error, _stage_of(attempt), _TIMED_OUT.get(attempt.reason))


def _stage_of(attempt: Attempt) -> str:
    if attempt.est_code == EstError.IP_GETADDR:
        return "resolve"
    for stage in ("connect", "tls", "send", "wait"):
        if getattr(attempt, f"{stage}_seconds") is None:
            return stage
    if attempt.check_seconds is not None:
        return "check"
    return "read" if attempt.est_code == EstError.SSL_READ else "answer"
