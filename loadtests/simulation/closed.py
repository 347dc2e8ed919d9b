"""A closed workload in simulated time: so many phones at once, each followed by the next as it ends."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from loadtests.simulation.ca import Ca
from loadtests.simulation.clockwork import Clockwork
from loadtests.simulation.forecast import Forecast, forecast_of
from loadtests.simulation.ledger import Ledger, Outcome
from loadtests.simulation.phones import Attempt, Fleet
from loadtests.simulation.ra import Ra
from loadtests.simulation.settings import ChainModel
from loadtests.simulation.weather import Weather


def simulate_closed(model: ChainModel, at_once: int, phones: int) -> Forecast:
    """`phones` phones, `at_once` at a time, enroll through the chain of `model`."""
    clock = Clockwork()
    ca = Ca(model, clock, Weather(model, clock))
    ra = Ra(model, ca, clock)
    first = min(at_once, phones)
    ledger = _Relay(model.retry.attempts)
    fleet = Fleet(model, iter([0.0] * first), ra, clock, ledger)
    ledger.followers = (partial(_follow, fleet, phone) for phone in range(first, phones))
    fleet.start()
    clock.run()
    return forecast_of(ca, ra, ledger, clock.now)


def _follow(fleet: Fleet, phone: int) -> None:
    # Not at once: where nothing takes time, phones would follow each other down the stack.
    fleet.clock.after(0.0, lambda: _start(fleet, phone))


def _start(fleet: Fleet, phone: int) -> None:
    Attempt(fleet, phone, 1)


class _Relay(Ledger):
    """Calls the next of its `followers` when a phone has ended for good: enrolled, or out of tries."""

    def __init__(self, attempts: int) -> None:
        super().__init__()
        self._attempts = attempts
        self._tries = Counter[int]()
        self.followers: Iterator[Callable[[], None]] = iter(())

    def add(self, phone: int, started: float, ended: float, outcome: Outcome) -> None:
        """One try has ended."""
        super().add(phone, started, ended, outcome)
        self._tries[phone] += 1
        if outcome is Outcome.ENROLLED or self._tries[phone] >= self._attempts:
            del self._tries[phone]
            if follower := next(self.followers, None):
                follower()
