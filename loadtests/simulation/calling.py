"""One call of the simulated RA to the CA, its timer running. As `testbed/ra/certsrv/curl.py` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadtests.simulation.ca import Answer, Call

if TYPE_CHECKING:
    from loadtests.simulation.enrollment import Enrollment
    from loadtests.simulation.ra import Ra
    from loadtests.simulation.settings import Stage


class Try:
    """A call, from the connection that it may need to its answer or its timer."""

    __slots__ = ("_call", "_enrollment", "_may_repeat", "_ra", "_stage", "_timed_out", "_timer")

    def __init__(self, ra: Ra, enrollment: Enrollment, stage: Stage, seconds: float) -> None:
        self._ra, self._enrollment, self._stage = ra, enrollment, stage
        self._call: Call | None = None
        self._timed_out = False
        # Curl makes a request again, once, when a connection that has answered before was reset.
        self._may_repeat = enrollment.connected
        start = ra.clock.timer if seconds == ra.timers[stage] else ra.clock.alarm
        self._timer = start(seconds, self._time_out)
        self._connect()

    def _connect(self) -> None:
        weather = self._ra.ca.weather
        if self._enrollment.connected or weather.is_free:
            self._enrollment.connected = True
            self._send()
            return
        seconds, failed = weather.connecting()
        if failed:
            self._ra.clock.after(seconds, self._cannot_connect)
        elif seconds:
            self._ra.clock.after(seconds, self._connected)
        else:
            self._connected()

    def _connected(self) -> None:
        if not self._timed_out:
            self._enrollment.connected = True
            self._send()

    def _cannot_connect(self) -> None:
        if not self._timed_out:
            self._timer.stop()
            self._ra.unconnected += 1
            self._enrollment.failed(self._stage)

    def _send(self) -> None:
        network_seconds = self._ra.call_seconds()
        if network_seconds:
            self._ra.clock.after(network_seconds, self._arrive)
        else:
            self._arrive()

    def _arrive(self) -> None:
        if not self._timed_out:
            self._call = self._ra.ca.call(self._stage, self._answered)

    def _answered(self, answer: Answer) -> None:
        self._call = None  # so that nothing is left for the garbage collector
        if self._timed_out:
            self._too_late(answer)
            return
        enrollment = self._enrollment
        if answer is Answer.GOOD:
            self._timer.stop()
            enrollment.answered(self._stage)
        elif answer is Answer.RESET and self._may_repeat:
            self._may_repeat = enrollment.connected = False
            self._connect()
        else:
            self._timer.stop()
            enrollment.connected = enrollment.connected and answer is not Answer.RESET
            enrollment.failed(self._stage, for_good=answer is Answer.DENIED)

    def _too_late(self, answer: Answer) -> None:
        if answer is Answer.GOOD:
            self._ra.false_timeouts[self._stage] += 1
            if self._stage == "submit":
                self._ra.orphaned += 1

    def _time_out(self) -> None:
        self._timed_out = True
        self._ra.timeouts[self._stage] += 1
        if self._call is not None:
            self._call.gone = True
            self._call = None
        self._enrollment.connected = False
        self._enrollment.failed(self._stage)
