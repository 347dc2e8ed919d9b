"""The simulated CA: page threads, a signing device, limits, outages. As `testbed/ca/capacity.py` has them."""

from collections.abc import Callable

from loadtests.simulation.clockwork import Clockwork
from loadtests.simulation.settings import ChainModel, Outage, Slowness, Stage
from loadtests.simulation.station import Station
from testbed.ca.distributions import drawer

STAGES: tuple[Stage, ...] = ("login", "form", "submit", "download")


class Call:
    """One request to the CA; `answered` is told whether it went well, also after its client has `gone`.

    A CA works on for a client that has gone, unless it had not begun for long.
    """

    __slots__ = ("_answered", "_ca", "_entered", "_pending", "gone", "stage", "work_seconds")

    def __init__(self, ca: "Ca", stage: Stage, answered: Callable[[bool], None]) -> None:
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
        ca.clock.after(self.work_seconds, self._worked if seconds <= limit else self._cut_off)
        return True

    def _worked(self) -> None:
        if self.stage == "submit" and self._ca.signer is not None:
            self._ca.signer.enter(self._sign)
        else:
            self._finish()

    def _sign(self) -> bool:
        self._pending = self._ca.signing_seconds()
        self._ca.clock.after(self._pending, self._signed)
        return True

    def _signed(self) -> None:
        assert self._ca.signer is not None
        self._ca.signer.leave()
        self.work_seconds += self._pending
        self._finish()

    def _cut_off(self) -> None:
        self._ca.workers.leave()
        self._end(well=False)

    def _finish(self) -> None:
        self._ca.workers.leave()
        if self.stage == "submit":
            self._ca.issued += 1
        self._end(well=True)

    def _end(self, *, well: bool) -> None:
        if self.gone:
            self._ca.wasted_seconds += self.work_seconds
        self._answered(well)


class Ca:
    """The CA of a chain; with several nodes, page threads and signing devices are as many times as many.

    `issued` counts certificates, `skipped` requests that it dropped because their client had gone,
    `turned_away` those beyond its queues; `wasted_seconds` is work on requests whose client went meanwhile.
    """

    def __init__(self, model: ChainModel, clock: Clockwork) -> None:
        capacity = model.capacity
        self.clock = clock
        self.workers = Station(clock, capacity.workers * model.ca_nodes)
        self.signer = Station(clock, model.ca_nodes) if capacity.signing else None
        self.signing_seconds = drawer(capacity.signing, model.seed, "signing")
        self.script_timeout_seconds = capacity.script_timeout_seconds
        self.abandoned_after_seconds = capacity.abandoned_after_seconds
        times = (capacity.login, capacity.form, capacity.submit, capacity.download)
        self._draw = {
            stage: drawer(time, model.seed, stage) for stage, time in zip(STAGES, times, strict=True)
        }
        limits = [limit for limit in (capacity.kernel_queue, capacity.page_queue) if limit]
        self._queue_limit = min(limits, default=0) * model.ca_nodes
        self._outages, self._slowness = model.outages, model.slowness
        self.issued = self.skipped = self.turned_away = 0
        self.wasted_seconds = 0.0

    def call(self, stage: Stage, answered: Callable[[bool], None]) -> Call:
        """A request arrives."""
        call = Call(self, stage, answered)
        outage = self._outage()
        if outage is not None and outage.kind == "hang":
            return call
        if outage is not None or self._is_full():
            self.turned_away += 1
            # Not at once: whoever calls is to have the call in hand when the answer comes.
            self.clock.after(0.0, lambda: answered(False))
        else:
            self.workers.enter(call.begin)
        return call

    def service_seconds(self, stage: Stage) -> float:
        """What the next page of this stage takes, begun now."""
        seconds = self._draw[stage]()
        if self._slowness:
            for slow in self._slowness:
                if _lasts(slow, self.clock.now) and slow.stage in (None, stage):
                    seconds *= slow.factor
        return seconds

    def _outage(self) -> Outage | None:
        if not self._outages:
            return None
        return next((outage for outage in self._outages if _lasts(outage, self.clock.now)), None)

    def _is_full(self) -> bool:
        return bool(self._queue_limit) and self.workers.queued >= self._queue_limit


def _lasts(span: Outage | Slowness, now: float) -> bool:
    return span.from_seconds <= now < span.until_seconds
