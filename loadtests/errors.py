"""What a storm can fail with before or beside its phones.

LoadtestError
├── ScenarioError     a scenario, flag or file cannot be used: names the value and what to do
├── JournalError      the attempts on record cannot belong to the run they are reported for
├── TargetError       what was named as target does not speak EST, or cannot be reached
├── EnrollmentFailed  one phone got no good LSC: carries the EST error that CAPF would log
├── ModelError        what was measured does not carry the model that was asked for
├── ExperimentFailed  an experiment's storm did not come up, or did not show what it should
├── Interrupted       the user wanted an end before there was a result
└── GeneratorFailed   the load generator ended by itself
"""

from typing import Self

from testbed.est_errors import EstError


class LoadtestError(Exception):
    """The load test cannot do what was asked; the text is one line that says why and what to do."""


class ScenarioError(LoadtestError):
    """A scenario, flag or file has a value that cannot be used."""


class JournalError(LoadtestError):
    """The attempts on record contradict the run: more phones than were intended, say."""


class AccountError(LoadtestError):
    """A certificate fits nowhere in the account of those issued."""


class TargetError(LoadtestError):
    """The target does not speak EST, or cannot be reached."""


class EnrollmentFailed(LoadtestError):
    """One phone got no good LSC; `error` is what CAPF logs, `reason` says it in words."""

    def __init__(self, error: EstError, reason: str) -> None:
        super().__init__(f"{error} ({int(error)}): {reason}")
        self.error = error
        self.reason = reason

    def without_history(self) -> Self:
        """Itself, where it came from forgotten.

        A failure that is kept by those it passed through, as a result, is a ring of frames that the garbage
        collector alone breaks, in pauses of 30 ms for some thousand phones.
        """
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class ModelError(LoadtestError):
    """Too little was measured for a model, or what was measured contradicts it."""


class GeneratorFailed(LoadtestError):
    """The load generator ended without being asked to."""


class Interrupted(LoadtestError):
    """The user wanted an end while something was computed; what was known before still is."""


class ExperimentFailed(LoadtestError):
    """An experiment could not be carried through, or its storm did not show what it should."""
