"""The same chain in SimPy: blocking RA workers, page threads at the CA, timers for calls and phones."""

from collections.abc import Generator, Iterator

import simpy

from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
from testbed.ca.distributions import Draw, drawer

Steps = Generator[simpy.Event, object, None]


class SimpyChain:
    """Enrolls phones that start at `starts`; `outcomes` holds how each ended."""

    def __init__(self, model: ChainModel, starts: Iterator[float]) -> None:
        self._model = model
        self._env = simpy.Environment()
        self._workers = simpy.Resource(self._env, model.ra.workers.count)
        self._threads = simpy.Resource(self._env, model.capacity.workers)
        times = {
            "login": model.capacity.login, "form": model.capacity.form,
            "submit": model.capacity.submit, "download": model.capacity.download,
        }  # fmt: skip
        self._draw: dict[str, Draw] = {
            stage: drawer(each, model.seed, stage) for stage, each in times.items()
        }
        self.outcomes: list[Outcome] = []
        self._env.process(self._arrivals(starts))

    def run(self) -> None:
        """Until all have ended."""
        self._env.run()

    def _arrivals(self, starts: Iterator[float]) -> Steps:
        for start in starts:
            yield self._env.timeout(start - self._env.now)
            self._env.process(self._phone())

    def _phone(self) -> Steps:
        env, patience = self._env, self._model.read_timeout_seconds
        with self._workers.request() as worker:
            yield worker | env.timeout(patience)
            if not worker.triggered:
                self.outcomes.append(Outcome.TIMED_OUT)
                return
            enrollment = env.process(self._enrollment())
            yield enrollment | env.timeout(patience)
            outcome = enrollment.value if enrollment.triggered else Outcome.TIMED_OUT
            assert outcome is not None
            self.outcomes.append(outcome)
            if not enrollment.triggered:
                yield enrollment

    def _enrollment(self) -> Generator[simpy.Event, object, Outcome]:
        env, timers = self._env, self._model.ra.timers
        for stage in ("login", "form", "login", "submit", "download"):
            call = env.process(self._call(stage))
            yield call | env.timeout(getattr(timers, f"{stage}_seconds"))
            if not call.triggered:
                return Outcome[f"FAILED_{stage.upper()}"]
        return Outcome.ENROLLED

    def _call(self, stage: str) -> Steps:
        with self._threads.request() as thread:
            yield thread
            yield self._env.timeout(self._draw[stage]())
