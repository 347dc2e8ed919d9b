"""One experiment under way: its storm, the faults in force, and how long it has been calm.

Chaos Toolkit calls functions by name; `control` puts the session into the configuration that it passes them.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

from chaos.annotations import AnnotationFile
from chaos.endpoints import ChainSystem, read_endpoints
from chaos.fault import Evidence, Fault
from chaos.striking import Striker, log
from chaos.system import Part
from loadtests.errors import ExperimentFailed
from loadtests.experiments.log_lines import found_lines, missing
from loadtests.experiments.storm_process import StormProcess
from loadtests.experiments.window import Window, is_whole, since
from loadtests.results.journal import Attempt, JournalReader
from loadtests.scenario import Scenario
from loadtests.storm.run_folder import RunFolder

KEY = "estorm"
_POLL_SECONDS = 0.05
_LOGGED_SECONDS = 5.0
_UP_SECONDS = 20.0


class Session:
    """A context manager: entered, the storm's chain is up and its phones are about to start.

    Left, every fault has ended and the storm is over. `settle_seconds` is how long after a fault's end the
    system may take to be calm again.
    """

    def __init__(
        self, scenario: Scenario, folder: RunFolder, settle_seconds: float, evidence: Sequence[Evidence] = ()
    ) -> None:
        self.folder = folder
        self._evidence = tuple(evidence)
        self._scenario = scenario
        self._settle_seconds = settle_seconds
        self._storm = StormProcess(scenario, folder.path)
        self._journal = JournalReader(folder.path)
        self._attempts: list[Attempt] = []
        self._owned = contextlib.ExitStack()
        self._struck: list[tuple[str, contextlib.ExitStack]] = []
        self._strikes = 0
        self._calm_since = 0.0
        self._window: tuple[float, Window] | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            starting.enter_context(self._storm)
            system = ChainSystem(read_endpoints(self._storm.endpoints))
            self._system = starting.enter_context(contextlib.closing(system))
            self._striker = Striker(self._system, (log, AnnotationFile(self.folder.annotations).take))
            starting.callback(self.end_all)
            self._owned = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the faults, and the storm in order: phones under way end, no more of them start."""
        self._owned.close()

    def strike(self, fault: Fault) -> None:
        """Strike with the fault; it lasts until it is ended by name."""
        struck = contextlib.ExitStack()
        struck.enter_context(self._striker.struck(f"{fault.name}#{self._strikes}", fault))
        self._strikes += 1
        self._struck.append((fault.name, struck))
        # Until it ends, what is measured is what it does.
        self._calm_since = time.time()

    def end(self, name: str) -> None:
        """End the faults of this name that are in force, the last one first."""
        self._end([each for each in self._struck if each[0] == name])

    def end_all(self) -> None:
        """End every fault that is in force, the last one first."""
        self._end(list(self._struck))

    def _end(self, struck: list[tuple[str, contextlib.ExitStack]]) -> None:
        if not struck:
            return
        self._struck = [each for each in self._struck if each not in struck]
        # A storm that is over has taken its faults with it.
        forgiving = contextlib.suppress(Exception) if self._storm.ended else contextlib.nullcontext()
        with forgiving, contextlib.ExitStack() as ending:
            for _, held in struck:
                ending.push(held)
        self._calm_since = time.time() + self._settle_seconds

    def restart(self, part: Part) -> None:
        """Start the part anew; ChaosError when it does not come up."""
        try:
            self._system.control.restart(part)
        finally:
            self._calm_since = time.time() + self._settle_seconds

    def wait_until_up(self, part: Part) -> None:
        """Wait until the part runs; it is the chain's owner that starts it."""
        deadline = time.monotonic() + _UP_SECONDS
        while not self._system.control.part(part).pid:
            if time.monotonic() > deadline:
                raise ExperimentFailed(f"the {part} did not come up within {_UP_SECONDS:g} s")
            self.hold(_POLL_SECONDS)
        self._calm_since = time.time() + self._settle_seconds

    def hold(self, seconds: float) -> None:
        """Let the storm go on for so long; ends at once when it is over."""
        self._storm.wait(seconds)

    def wait_for_enrolled(self, phones: int) -> None:
        """Wait until so many phones have enrolled; ExperimentFailed when that will never be."""
        self._wait(lambda: sum(attempt.enrolled for attempt in self._read()) >= phones, f"{phones} enrolled")

    def wait_for_ended(self, phones: int) -> None:
        """Wait until so many attempts have ended since the calm did, failed or not."""
        self._wait(
            lambda: len(since(self._read(), self._calm_since).attempts) >= phones, f"{phones} attempts"
        )

    def steady(self, phones: int) -> Window:
        """The attempts since it has been calm, `phones` of them at least; the same until the next fault."""
        if self._window is None or self._window[0] != self._calm_since:
            self._wait(
                lambda: len(since(self._read(), self._calm_since).attempts) >= phones,
                f"{phones} phones started and ended since the system should be calm",
            )
            self._wait_for_stragglers(phones)
            self._window = self._calm_since, since(self._read(), self._calm_since)
        return self._window[1]

    def _wait_for_stragglers(self, phones: int) -> None:
        """Wait for those that started before others that have ended, as long as a phone may take."""
        deadline = time.monotonic() + self._patience_seconds()
        while not is_whole(since(self._read(), self._calm_since).attempts, phones):
            if time.monotonic() > deadline or self._storm.wait(_POLL_SECONDS):
                return

    def orphans(self, phones: int) -> int:
        """Certificates that the CA issued to phones of the steady stretch and that they do not hold."""
        return self.steady(phones).orphans(self.folder.database)

    def evidence(self) -> dict[str, int]:
        """Wait until each line is in its log; how many there are of each, ExperimentFailed for none."""
        deadline = time.monotonic() + self._patience_seconds()
        while (lacking := missing(self.folder, self._evidence)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if lacking:
            lines = "; ".join(f"{evidence.log}: {evidence.pattern}" for evidence in lacking)
            raise ExperimentFailed(f"the logs lack what the fault should leave: {lines}")
        return {each.pattern: len(found_lines(self.folder, each)) for each in self._evidence}

    def _patience_seconds(self) -> float:
        """The longest that a phone under way takes to end, and the line to be written."""
        return 3 * self._scenario.phones.read_timeout_seconds + _LOGGED_SECONDS

    def _read(self) -> list[Attempt]:
        self._attempts.extend(self._journal.new())
        return self._attempts

    def _wait(self, reached: Callable[[], bool], what: str) -> None:
        while not reached():
            if self._storm.wait(_POLL_SECONDS) and not reached():
                said = self._storm.last_words()
                raise ExperimentFailed(f"the storm was over before {what}; give it more phones ({said})")


def session_of(configuration: Mapping[str, object]) -> Session:
    """The session of the experiment with this configuration; ExperimentFailed when it has none."""
    session = configuration.get(KEY)
    if not isinstance(session, Session):
        raise ExperimentFailed(
            "no storm runs: the experiment needs the control loadtests.experiments.control"
        )
    return session
