"""What became of every try, kept in columns."""

import enum
from array import array
from typing import Self

import numpy as np
import polars as pl

from loadtests.simulation.settings import Stage


class Outcome(enum.IntEnum):
    """How a try ended: with its LSC, by the phone's own timer, or by the RA's word for what failed."""

    ENROLLED = 0
    TIMED_OUT = 1
    FAILED_LOGIN = 2
    FAILED_FORM = 3
    FAILED_SUBMIT = 4
    FAILED_DOWNLOAD = 5

    @classmethod
    def of_stage(cls, stage: Stage) -> Self:
        """The RA said that this stage failed."""
        return cls[f"FAILED_{stage.upper()}"]


class Ledger:
    """A row of 21 bytes for each try, in the order in which they ended. Times are seconds from the start.

    `late_answers` counts certificates that the RA had ready when their phone had gone.
    """

    def __init__(self) -> None:
        self.phones = array("I")
        self.started = array("d")
        self.ended = array("d")
        self.outcomes = array("B")
        self.late_answers = 0

    def frame(self) -> pl.DataFrame:
        """The rows so far: `phone`, `started`, `ended`, `outcome`."""
        # Through NumPy, since Polars takes an array as a sequence of Python's numbers.
        return pl.DataFrame(
            {
                "phone": np.asarray(self.phones, np.uint32), "started": np.asarray(self.started, np.float64),
                "ended": np.asarray(self.ended, np.float64), "outcome": np.asarray(self.outcomes, np.uint8),
            }
        )  # fmt: skip

    def add(self, phone: int, started: float, ended: float, outcome: Outcome) -> None:
        """One try has ended."""
        self.phones.append(phone)
        self.started.append(started)
        self.ended.append(ended)
        self.outcomes.append(outcome)
