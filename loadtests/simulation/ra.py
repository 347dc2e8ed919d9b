"""The simulated RA: its workers, its calls to the CA one after the other, and the timer of each."""

from collections import deque
from typing import Protocol

from loadtests.simulation.ca import STAGES, Ca, Call
from loadtests.simulation.clockwork import Action, Clockwork
from loadtests.simulation.settings import ChainModel, Stage
from loadtests.simulation.station import Station
from testbed.ca.distributions import drawer

_PATHS: dict[str, tuple[Stage, ...]] = {
    "two": ("login", "form", "login", "submit", "download"),
    "one": ("login", "form", "submit", "download"),
}


class Client(Protocol):
    """A phone's request, as the RA sees it; `gone` once it has hung up."""

    phone: int
    gone: bool

    def accepted(self) -> None:
        """The RA has taken the connection and reads the request."""

    def answered(self, failed: Stage | None) -> None:
        """The answer: the certificate when `failed` is None, else the stage that failed."""


class Ra:
    """The RA of a chain, all its nodes together.

    `delivered`, `orphaned` and `handed_out` count certificates; `timeouts` the timers that went off, by
    stage, and `false_timeouts` those after which the CA's answer did come.
    """

    def __init__(self, model: ChainModel, ca: Ca, clock: Clockwork) -> None:
        settings, self.clock, self.ca = model.ra, clock, ca
        workers, timers, connections = settings.workers, settings.timers, settings.connections
        self.workers = Station(clock, workers.count * model.ra_nodes if workers.blocking else 0)
        self.cpu = Station(clock, model.overheads.cores * model.ra_nodes)
        self.cpu_seconds = model.overheads.ra_cpu_seconds
        path = _PATHS[connections.handles]
        # A connection that is kept is logged in already; the pool's first logins are left out.
        self.path = tuple(s for s in path if s != "login") if connections.reuse_connections else path
        self.timers: dict[Stage, float] = {
            "login": timers.login_seconds, "form": timers.form_seconds,
            "submit": timers.submit_seconds, "download": timers.download_seconds,
        }  # fmt: skip
        self.total_seconds = timers.total_seconds
        self.retries = settings.retries
        self.call_seconds = drawer(model.overheads.call, model.seed, "call")
        self.hands_out = settings.hand_out_late_certificates
        self.late: set[int] = set()
        self._locks: dict[int, deque[Action]] = {}
        self.timeouts = dict.fromkeys(STAGES, 0)
        self.false_timeouts = dict.fromkeys(STAGES, 0)
        self.delivered = self.orphaned = self.handed_out = 0

    def serve(self, client: Client) -> None:
        """A phone's connection arrives; it waits in the accept queue while no worker is free."""
        self.workers.enter(Enrollment(self, client).begin)

    def lock(self, phone: int, action: Action) -> None:
        """Call `action` once no other enrollment with this phone's CSR is on its way to a certificate."""
        waiting = self._locks.get(phone)
        if waiting is None:
            self._locks[phone] = deque()
            action()
        else:
            waiting.append(action)

    def unlock(self, phone: int) -> None:
        """Let the next one go on."""
        waiting = self._locks[phone]
        if waiting:
            waiting.popleft()()
        else:
            del self._locks[phone]


class Enrollment:
    """One request of a phone, from the worker that takes it to the answer."""

    __slots__ = (
        "_client",
        "_deadline",
        "_handed_out",
        "_has_certificate",
        "_locked",
        "_ra",
        "_step",
        "_tries",
    )

    def __init__(self, ra: Ra, client: Client) -> None:
        self._ra, self._client = ra, client
        self._step, self._tries, self._deadline = -1, 0, 0.0
        self._has_certificate = self._handed_out = self._locked = False

    def begin(self) -> bool:
        """A worker is free; it finds out at the handshake when the phone has gone."""
        if self._client.gone:
            return False
        self._client.accepted()
        ra = self._ra
        self._deadline = ra.clock.now + ra.total_seconds
        if ra.cpu_seconds:
            ra.cpu.enter(self._compute)
        else:
            self._advance()
        return True

    def _compute(self) -> bool:
        self._ra.clock.after(self._ra.cpu_seconds, self._computed)
        return True

    def _computed(self) -> None:
        self._ra.cpu.leave()
        self._advance()

    def _advance(self) -> None:
        ra = self._ra
        self._step += 1
        self._tries = 0
        if self._step == len(ra.path):
            self._end(None)
        elif ra.hands_out and self._step > 0 and ra.path[self._step - 1] == "form":
            ra.lock(self._client.phone, self._look_for_a_late_one)
        else:
            self.call()

    def _look_for_a_late_one(self) -> None:
        ra, phone = self._ra, self._client.phone
        self._locked = True
        if phone in ra.late:
            ra.late.discard(phone)
            self._handed_out = self._has_certificate = True
            self._end(None)
        else:
            self.call()

    def call(self) -> None:
        """Make the call of this step, for the first time or again."""
        ra, stage = self._ra, self._ra.path[self._step]
        self._tries += 1
        seconds = ra.timers[stage]
        if ra.total_seconds and self._deadline - ra.clock.now < seconds:
            seconds = max(0.0, self._deadline - ra.clock.now)
        _Try(ra, self, stage, seconds)

    def answered(self, stage: Stage, *, well: bool) -> None:
        """The call of this step ended in time."""
        if well:
            self._has_certificate = self._has_certificate or stage == "submit"
            self._advance()
        else:
            self.failed(stage)

    def failed(self, stage: Stage) -> None:
        """The call of this step failed; it is made again where the settings say so."""
        ra = self._ra
        may = self._tries <= ra.retries.count and stage in ra.retries.stages
        if may and not (ra.total_seconds and ra.clock.now >= self._deadline):
            ra.clock.after(ra.retries.spacing_seconds, self.call)
        else:
            self._end(stage)

    def _end(self, failed: Stage | None) -> None:
        ra, client = self._ra, self._client
        ra.workers.leave()
        if self._has_certificate:
            self._settle(received=failed is None and not client.gone)
        if self._locked:
            ra.unlock(client.phone)
        client.answered(failed)

    def _settle(self, *, received: bool) -> None:
        ra = self._ra
        if not received and ra.hands_out:
            ra.late.add(self._client.phone)
        elif not received:
            ra.orphaned += 1
        elif self._handed_out:
            ra.handed_out += 1
        else:
            ra.delivered += 1


class _Try:
    """A call to the CA with its timer running."""

    __slots__ = ("_call", "_enrollment", "_ra", "_stage", "_timed_out", "_timer")

    def __init__(self, ra: Ra, enrollment: Enrollment, stage: Stage, seconds: float) -> None:
        self._ra, self._enrollment, self._stage = ra, enrollment, stage
        self._call: Call | None = None
        self._timed_out = False
        start = ra.clock.timer if seconds == ra.timers[stage] else ra.clock.alarm
        self._timer = start(seconds, self._time_out)
        network_seconds = ra.call_seconds()
        if network_seconds:
            ra.clock.after(network_seconds, self._arrive)
        else:
            self._arrive()

    def _arrive(self) -> None:
        if not self._timed_out:
            self._call = self._ra.ca.call(self._stage, self._answered)

    def _answered(self, well: bool) -> None:
        if not self._timed_out:
            self._timer.stop()
            self._enrollment.answered(self._stage, well=well)
        elif well:
            self._ra.false_timeouts[self._stage] += 1
            if self._stage == "submit":
                self._ra.orphaned += 1

    def _time_out(self) -> None:
        self._timed_out = True
        self._ra.timeouts[self._stage] += 1
        if self._call is not None:
            self._call.gone = True
        self._enrollment.failed(self._stage)
