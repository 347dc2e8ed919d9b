"""The simulated CA: page threads, a signing device, limits, outages. As `testbed/ca/capacity.py` has them."""

import enum
from collections.abc import Callable

from loadtests.simulation.clockwork import Clockwork
from loadtests.simulation.settings import ChainModel, Stage
from loadtests.simulation.station import Station
from loadtests.simulation.weather import Weather
from testbed.ca.distributions import drawer

STAGES: tuple[Stage, ...] = ("login", "form", "submit", "download")


class Answer(enum.Enum):
    """How a request ended: as it should, with an error page, denied for good, or with a reset connection."""

    GOOD = enum.auto()
    ERROR = enum.auto()
    DENIED = enum.auto()
    RESET = enum.auto()


Answered = Callable[[Answer], None]


class Call:
    """One request to the CA; `answered` is told how it ended, also after its client has `gone`.

    A CA works on for a client that has gone, unless it had not begun for long.
    """

    __slots__ = ("_answered", "_ca", "_entered", "_pending", "gone", "stage", "work_seconds")

    def __init__(self, ca: "Ca", stage: Stage, answered: Answered) -> None:
        self._ca = ca
        self.stage: Stage = stage
        self._answered = answered
        self.gone = False
        self.work_seconds = 0.0
        self._entered = ca.clock.now
        self._pending = 0.0

    def begin(self) -> bool:
        """A page thread is free."""
        ca = self._ca
        if self.gone and ca.clock.now - self._entered > ca.abandoned_after_seconds:
            ca.skipped += 1
            return False
        seconds = ca.service_seconds(self.stage)
        limit = ca.script_timeout_seconds
        self.work_seconds = min(seconds, limit)
        ca.weather.work(self.work_seconds, self._worked if seconds <= limit else self._cut_off)
        return True

    def _worked(self) -> None:
        ca = self._ca
        if self.stage != "submit" or ca.signer is None:
            self._finish()
        elif ca.sessions and ca.signer.busy + ca.signer.queued >= ca.sessions:
            ca.workers.leave()
            ca.turned_away += 1
            self._end(Answer.DENIED)
        else:
            ca.signer.enter(self._sign)

    def _sign(self) -> bool:
        self._pending = self._ca.signing_seconds()
        self._ca.weather.work(self._pending, self._signed)
        return True

    def _signed(self) -> None:
        assert self._ca.signer is not None
        self._ca.signer.leave()
        self.work_seconds += self._pending
        self._finish()

    def _cut_off(self) -> None:
        self._ca.workers.leave()
        self._end(Answer.ERROR)

    def _finish(self) -> None:
        self._ca.workers.leave()
        if self.stage == "submit":
            self._ca.issued += 1
        self._end(Answer.GOOD)

    def _end(self, answer: Answer) -> None:
        if self.gone:
            self._ca.wasted_seconds += self.work_seconds
        self._answered(answer)


class Ca:
    """The CA of a chain; with several nodes, page threads and signing devices are as many times as many.

    `issued` counts certificates, `skipped` requests that it dropped because their client had gone,
    `turned_away` those beyond its queues and sessions, and in outages; `wasted_seconds` is work on requests
    whose client went meanwhile.
    """

    def __init__(self, model: ChainModel, clock: Clockwork, weather: Weather) -> None:
        capacity = model.capacity
        self.clock, self.weather = clock, weather
        self.workers = Station(clock, capacity.workers * model.ca_nodes)
        self.signer = Station(clock, model.ca_nodes) if capacity.signing else None
        self.signing_seconds = drawer(capacity.signing, model.seed, "signing")
        self.sessions = capacity.database_sessions * model.ca_nodes
        self.script_timeout_seconds = capacity.script_timeout_seconds
        self.abandoned_after_seconds = capacity.abandoned_after_seconds
        times = (capacity.login, capacity.form, capacity.submit, capacity.download)
        self._draw = {
            stage: drawer(time, model.seed, stage) for stage, time in zip(STAGES, times, strict=True)
        }
        limits = [limit for limit in (capacity.kernel_queue, capacity.page_queue) if limit]
        self._queue_limit = min(limits, default=0) * model.ca_nodes
        self.issued = self.skipped = self.turned_away = 0
        self.wasted_seconds = 0.0

    def call(self, stage: Stage, answered: Answered) -> Call:
        """A request arrives."""
        call = Call(self, stage, answered)
        outage = self.weather.outage()
        if outage is None:
            self._admit(call, answered)
        elif outage.kind == "refuse":
            self._turn_away(answered)
        elif outage.kind == "hang":
            self.clock.after(outage.until_seconds - self.clock.now, lambda: answered(Answer.RESET))
        else:
            self.clock.after(outage.until_seconds - self.clock.now, lambda: self._admit(call, answered))
        return call

    def service_seconds(self, stage: Stage) -> float:
        """What the next page of this stage takes, begun now."""
        seconds = self._draw[stage]()
        return seconds * self.weather.factor(stage) if self.weather.changes else seconds

    def _admit(self, call: Call, answered: Answered) -> None:
        if self._queue_limit and self.workers.queued >= self._queue_limit:
            self._turn_away(answered)
        else:
            self.workers.enter(call.begin)

    def _turn_away(self, answered: Answered) -> None:
        self.turned_away += 1
        # Not at once: whoever calls is to have the call in hand when the answer comes.
        self.clock.after(0.0, lambda: answered(Answer.ERROR))
