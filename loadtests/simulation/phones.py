"""The simulated phones: each starts at its time whatever the others do, gives up, tries again."""

from collections.abc import Iterator

from loadtests.simulation.clockwork import Clockwork
from loadtests.simulation.enrollment import Enrollment
from loadtests.simulation.ledger import Ledger, Outcome
from loadtests.simulation.ra import Ra
from loadtests.simulation.settings import ChainModel, Stage
from testbed.ca.distributions import drawer

# Linux asks again after a second for a connection, then after twice as long each time.
_FIRST_RETRANSMISSION_SECONDS = 1.0


class Fleet:
    """Phones that start at `starts`, seconds from the simulation's start, never decreasing."""

    def __init__(
        self, model: ChainModel, starts: Iterator[float], ra: Ra, clock: Clockwork, ledger: Ledger
    ) -> None:
        self.clock, self.ra, self.ledger = clock, ra, ledger
        self.read_timeout_seconds = model.read_timeout_seconds
        self.handshake_timeout_seconds = model.handshake_timeout_seconds or model.read_timeout_seconds
        self.retry = model.retry
        self.network_seconds = drawer(model.overheads.phone, model.seed, "phone")
        self._starts = enumerate(starts)

    def start(self) -> None:
        """Have the first phone start at its time; each sees to the next."""
        phone, offset = next(self._starts, (-1, 0.0))
        if phone >= 0:
            self.clock.after(offset - self.clock.now, lambda: self._begin(phone))

    def _begin(self, phone: int) -> None:
        Attempt(self, phone, 1)
        self.start()


class Attempt:
    """One try of one phone: a timer to connect, one for the handshake, one for the answer."""

    __slots__ = (
        "_connecting_seconds",
        "_enrollment",
        "_fleet",
        "_number",
        "_started",
        "_timer",
        "gone",
        "phone",
    )

    def __init__(self, fleet: Fleet, phone: int, number: int) -> None:
        self._fleet, self.phone, self._number = fleet, phone, number
        self.gone = False
        self._enrollment: Enrollment | None = None
        self._connecting_seconds = 0.0
        clock = fleet.clock
        self._started = clock.now
        self._timer = clock.timer(fleet.handshake_timeout_seconds, self._time_out)
        network_seconds = fleet.network_seconds()
        if network_seconds:
            clock.after(network_seconds, self._arrive)
        else:
            self._arrive()

    def _arrive(self) -> None:
        if self.gone:
            return
        fleet = self._fleet
        node = fleet.ra.node(self)
        if node is None:
            wait_seconds = self._connecting_seconds + _FIRST_RETRANSMISSION_SECONDS
            self._connecting_seconds += wait_seconds
            fleet.clock.after(wait_seconds, self._arrive)
            return
        if self._connecting_seconds:
            self._start_timer(fleet.handshake_timeout_seconds)
        self._enrollment = Enrollment(fleet.ra, node, self)

    def accepted(self) -> None:
        """The handshake is over; what is waited for now is the answer."""
        self._start_timer(self._fleet.read_timeout_seconds)

    def answered(self, failed: Stage | None) -> None:
        """The RA's answer; one that comes after the phone has gone shows that waiting longer had helped."""
        if self.gone:
            self._fleet.ledger.late_answers += failed is None
            return
        self._timer.stop()
        self._end(Outcome.ENROLLED if failed is None else Outcome.of_stage(failed))

    def _start_timer(self, seconds: float) -> None:
        self._timer.stop()
        self._timer = self._fleet.clock.timer(seconds, self._time_out)

    def _time_out(self) -> None:
        self.gone = True
        if self._enrollment is not None:
            self._enrollment.client_left()
        self._end(Outcome.TIMED_OUT)

    def _end(self, outcome: Outcome) -> None:
        fleet, clock = self._fleet, self._fleet.clock
        self._enrollment = None
        fleet.ledger.add(self.phone, self._started, clock.now, outcome)
        if outcome is not Outcome.ENROLLED and self._number < fleet.retry.attempts:
            phone, number = self.phone, self._number + 1
            clock.timer(fleet.retry.spacing_seconds, lambda: _again(fleet, phone, number))


def _again(fleet: Fleet, phone: int, number: int) -> None:
    Attempt(fleet, phone, number)
