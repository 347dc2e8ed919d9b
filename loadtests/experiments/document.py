"""An experiment's document: found by name or file, read, checked. The format is Chaos Toolkit's.

Of the document `configuration.scenario` is ours: what of `loadtests/scenarios/chaos.toml` this storm has
otherwise. Names like `${outage_seconds}` in it stand for other keys of `configuration`, as everywhere.
"""

import contextlib
import importlib.resources
import logging
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import yaml
from chaoslib import substitute
from chaoslib.configuration import load_configuration
from chaoslib.exceptions import ChaosException
from chaoslib.experiment import ensure_experiment_is_valid

from chaos.errors import PlanRefused
from chaos.fault import Evidence, Fault
from chaos.registry import read_fault
from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario, scenario_of
from testbed.errors import reason
from testbed.refusals import explain

ACTIONS = "loadtests.experiments.actions"
_SUFFIX = ".yaml"
_PACKAGE = "chaos.experiments"
EXTENSION = "estorm"


class Provider(msgspec.Struct, frozen=True):
    """What does an activity's work."""

    type: Literal["python", "process", "http"]
    module: str = ""
    func: str = ""
    arguments: object = None


class Pauses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds to wait before and after an activity."""

    before: float | str = 0.0
    after: float | str = 0.0


class Activity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A probe or an action."""

    name: str = ""
    type: Literal["probe", "action"] = "action"
    provider: Provider | None = None
    ref: str = ""
    tolerance: object = None
    background: bool = False
    pauses: Pauses = Pauses()
    timeout: float | None = None
    dry: object = None
    controls: list[dict[str, object]] = []
    configuration: object = None
    secrets: object = None


class Hypothesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What steady state is."""

    title: str
    probes: list[Activity] = []
    controls: list[dict[str, object]] = []


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=EXTENSION, tag_field="name"):
    """What an experiment shows beside its faults' own evidence, or `instead` of it.

    It is an entry of Chaos Toolkit's `extensions`.
    """

    evidence: tuple[Evidence, ...] = ()
    instead: bool = False


class Experiment(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"hypothesis": "steady-state-hypothesis"}
):
    """A document of Chaos Toolkit's."""

    title: str
    description: str
    method: list[Activity]
    version: str = "1.0.0"
    tags: list[str] = []
    configuration: dict[str, object] = {}
    secrets: dict[str, object] = {}
    contributions: dict[str, str] = {}
    controls: list[dict[str, object]] = []
    hypothesis: Hypothesis | None = None
    rollbacks: list[Activity] = []
    extensions: list[dict[str, object]] = []
    dry: object = None


@dataclass(frozen=True, slots=True)
class Document:
    """An experiment that was read. `table` is what Chaos Toolkit runs."""

    name: str
    path: Path
    table: dict[str, object]
    experiment: Experiment

    def faults(self, configuration: Mapping[str, object] | None = None) -> Iterator[Fault]:
        """The faults that its method strikes with, by this configuration or else its own."""
        given = configuration or load_configuration(self.experiment.configuration)
        for activity in self.experiment.method:
            if is_strike(activity):
                assert activity.provider is not None
                arguments = substitute(activity.provider.arguments, given, {})
                table = arguments.get("fault") if isinstance(arguments, dict) else None
                yield read_fault(table, f"{self.path.name}, method, {activity.name!r}")

    def evidence(self, configuration: Mapping[str, object] | None = None) -> tuple[Evidence, ...]:
        """The lines that prove it, each once: its faults' own, and what its extension says."""
        extension, faults = self.extension(), self.faults(configuration)
        own = () if extension.instead else (line for fault in faults for line in fault.evidence())
        return tuple(dict.fromkeys([*own, *extension.evidence]))

    def extension(self) -> Extension:
        """What it says beside Chaos Toolkit's own fields; PlanRefused names the key."""
        for number, table in enumerate(self.experiment.extensions):
            if table.get("name") == EXTENSION:
                try:
                    return msgspec.convert(table, Extension)
                except msgspec.ValidationError as error:
                    where = f"{self.path.name}, extensions[{number}]"
                    raise PlanRefused(f"{where}: {explain(error, table, Extension)}") from error
        return Extension()

    def scenario(self) -> Scenario:
        """Its storm."""
        return resolve_scenario(load_configuration(self.experiment.configuration), self.path.name)


def resolve_scenario(configuration: Mapping[str, object], source: str) -> Scenario:
    """The storm of an experiment with this configuration; ScenarioError names the key."""
    changes = substitute(configuration.get("scenario") or {}, configuration, {})
    if not isinstance(changes, dict):
        raise ScenarioError(f"{source}: `configuration.scenario` is a table, not {changes!r}")
    return scenario_of(merged(_base(), changes), f"{source}, configuration.scenario")


def merged(base: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """The base with the changes; tables are merged key by key, everything else is replaced."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def is_strike(activity: Activity) -> bool:
    """Whether the activity injects a fault."""
    provider = activity.provider
    return provider is not None and (provider.module, provider.func) == (ACTIONS, "strike")


def names() -> list[str]:
    """The experiments that come with estorm, in order."""
    folder = importlib.resources.files(_PACKAGE)
    files = (Path(file.name) for file in folder.iterdir())
    return sorted(file.stem for file in files if file.suffix == _SUFFIX)


def find(name: str) -> Path:
    """The file of an experiment, by its name or its path; PlanRefused when there is none."""
    if name in names():
        return Path(str(importlib.resources.files(_PACKAGE) / f"{name}{_SUFFIX}"))
    path = Path(name)
    if path.is_file():
        return path
    raise PlanRefused(f"there is no experiment and no file {name!r}; there are {', '.join(names())}")


def read_document(path: Path) -> Document:
    """The experiment in the file at `path`, checked; PlanRefused and ScenarioError name the field."""
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanRefused(f"cannot read the experiment {path}: {reason(error)}") from error
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise PlanRefused(f"{path} is not YAML: {where}{error.problem}") from error
    except yaml.YAMLError as error:
        raise PlanRefused(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    document = document_of(table, path)
    _check(document)
    return document


def document_of(table: object, path: Path) -> Document:
    """The experiment in a table that came from `path`; PlanRefused names the field."""
    if not isinstance(table, dict):
        raise PlanRefused(f"{path.name} is no experiment of Chaos Toolkit's: it is not a table")
    try:
        experiment = msgspec.convert(table, Experiment)
    except msgspec.ValidationError as error:
        raise PlanRefused(f"{path.name}: {explain(error, table, Experiment)}") from error
    document = Document(path.stem, path, dict(table), experiment)
    document.extension()
    return document


def _check(document: Document) -> None:
    with _silent():
        try:
            ensure_experiment_is_valid(document.table)
        except ChaosException as error:
            raise PlanRefused(f"{document.path.name}: {error}") from error
    document.scenario()
    for _ in document.faults():
        pass


def _base() -> dict[str, object]:
    file = importlib.resources.files("loadtests") / "scenarios" / "chaos.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep Chaos Toolkit from saying that a document is valid."""
    logger = logging.getLogger("chaostoolkit")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
