"""Running an experiment as Chaos Toolkit does, with rollbacks whatever happened, and judging its journal."""

import copy
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from chaoslib.experiment import run_experiment
from chaoslib.types import Dry

from loadtests.experiments.document import ACTIONS, Document
from loadtests.storm.run_folder import RunFolder

PROBES = "loadtests.experiments.probes"
_ALWAYS = {"runtime": {"rollbacks": {"strategy": "always"}}}
_FAULTY = {(ACTIONS, "strike"), (ACTIONS, "restart"), (PROBES, "evidence")}


class _Run(msgspec.Struct, frozen=True):
    activity: dict[str, object]
    status: str = ""
    exception: list[str] = []


class _Steady(msgspec.Struct, frozen=True):
    steady_state_met: bool | None = None
    probes: list[_Run] = []


class _States(msgspec.Struct, frozen=True):
    before: _Steady | None = None
    after: _Steady | None = None


class _Journal(msgspec.Struct, frozen=True):
    status: str
    deviated: bool
    steady_states: _States
    run: list[_Run] = []
    rollbacks: list[_Run] = []


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an experiment went. `failures` are the activities that did, with their reasons."""

    folder: RunFolder
    status: str
    deviated: bool
    steady_before: bool
    steady_after: bool
    failures: tuple[str, ...]

    @property
    def interrupted(self) -> bool:
        """Whether it was cut short."""
        return self.status == "interrupted"

    @property
    def good(self) -> bool:
        """Whether it was carried through, and deviated nowhere."""
        steady = self.steady_before and self.steady_after and not self.deviated
        return self.status == "completed" and steady and not self.failures


def run(document: Document, folder: Path, seed: int | None = None, *, faults: bool = True) -> Outcome:
    """Run the experiment, its journal and its storm in `folder`; without `faults`, all but its faults.

    Ctrl-C and SIGTERM end it in order; the outcome says so.
    """
    table = copy.deepcopy(document.table)
    given: dict[str, object] = {"run_folder": str(folder)} | ({} if seed is None else {"seed": seed})
    before = table.get("configuration") or {}
    assert isinstance(before, dict)
    table["configuration"] = before | given
    if not faults:
        _leave_out_faults(table)
    with _told():
        journal = run_experiment(table, settings=copy.deepcopy(_ALWAYS))
    return judge(journal, RunFolder(folder))


def judge(journal: Mapping[str, object], folder: RunFolder) -> Outcome:
    """What a journal of Chaos Toolkit's says."""
    read = msgspec.convert(_plain(journal), _Journal)
    states = read.steady_states
    failures = (
        f"{run.activity.get('name')}: {_why(run)}"
        for run in (*read.run, *read.rollbacks, *_probes(states.before), *_probes(states.after))
        if run.status == "failed"
    )
    return Outcome(
        folder, read.status, read.deviated, _met(states.before), _met(states.after), tuple(failures)
    )


def _leave_out_faults(table: dict[str, object]) -> None:
    """Have Chaos Toolkit pass over what strikes, and what looks for traces of it."""
    method = table["method"]
    assert isinstance(method, list)
    for activity in method:
        provider = activity.get("provider", {})
        if (provider.get("module"), provider.get("func")) in _FAULTY:
            activity["dry"] = Dry.ACTIVITIES


def _plain(journal: Mapping[str, object]) -> dict[str, object]:
    """The parts that are judged; others may hold what is no JSON."""
    return {key: journal[key] for key in _Journal.__struct_fields__ if key in journal}


def _probes(state: _Steady | None) -> list[_Run]:
    return state.probes if state else []


def _met(state: _Steady | None) -> bool:
    return bool(state and state.steady_state_met)


def _why(run: _Run) -> str:
    return run.exception[-1].strip() if run.exception else "no reason given"


@contextmanager
def _told() -> Iterator[None]:
    """Chaos Toolkit's and the faults' log lines on standard error, while it runs."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    loggers = [logging.getLogger(name) for name in ("chaostoolkit", "chaos")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            logger.removeHandler(handler)
