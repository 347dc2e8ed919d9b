"""Every fault there is, found by looking into the packages: read from a table, described for people.

A fault is written as a table: its name under `fault`, its parameters beside it.

    {"fault": "clock.skew", "part": "ra", "offset_seconds": -86400}
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

import msgspec

import chaos
from chaos.errors import PlanRefused
from chaos.fault import Evidence, Fault
from testbed.refusals import explain, worded

_FOLDER = "faults"
_UNITS = ("milliseconds", "microseconds", "seconds", "bytes", "days", "per_second", "share", "bits")


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a fault. `default` None and `required` False: null is what it is without it."""

    name: str
    type: str
    default: object
    required: bool
    unit: str


class Description(msgspec.Struct, frozen=True):
    """One fault for people and programs; `evidence` is what it leaves with its parameters as they default.

    `evidence` is None where a parameter has no default.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    evidence: tuple[Evidence, ...] | None


@cache
def faults() -> Mapping[str, type[Fault]]:
    """Every fault by its name, in the order of names."""
    found: dict[str, type[Fault]] = {}
    for kind in _kinds():
        if kind.name in found:
            raise TypeError(f"two faults are called {kind.name}: {found[kind.name]} and {kind}")
        found[kind.name] = kind
    return MappingProxyType(dict(sorted(found.items())))


def read_fault(table: object, where: str = "fault") -> Fault:
    """The fault that `table` describes; PlanRefused names `where`, the field and what it may be."""
    if not isinstance(table, Mapping):
        raise PlanRefused(f"{where}: a fault is a table with its name under `fault`, not {table!r}")
    parameters = dict(table)
    if "fault" not in parameters:
        raise PlanRefused(f"{where}: the key `fault` is missing; there are {_names()}")
    name = parameters.pop("fault")
    kind = faults().get(name) if isinstance(name, str) else None
    if kind is None:
        raise PlanRefused(f"{where}: there is no fault {name!r}; there are {_names()}")
    try:
        return msgspec.convert(parameters, kind)
    except msgspec.ValidationError as error:
        raise PlanRefused(f"{where}, {name}: {explain(error, parameters, kind)}") from error


def write_fault(fault: Fault) -> dict[str, object]:
    """The table that `read_fault` reads back as this fault."""
    return {"fault": fault.name, **msgspec.to_builtins(fault)}


def describe(kind: type[Fault]) -> Description:
    """A fault as `estorm chaos list` shows it."""
    parameters = tuple(_parameters(kind))
    complete = not any(parameter.required for parameter in parameters)
    return Description(kind.name, kind.summary, parameters, kind().evidence() if complete else None)


def _kinds() -> Iterator[type[Fault]]:
    for module in pkgutil.walk_packages(chaos.__path__, "chaos."):
        if _FOLDER not in module.name.split(".")[:-1]:
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            own = isinstance(kind, type) and issubclass(kind, Fault) and kind.__module__ == module.name
            if own and isinstance(getattr(kind, "name", None), str):
                yield kind


def _names() -> str:
    return ", ".join(faults()) or "none"


def _parameters(kind: type[Fault]) -> Iterator[Parameter]:
    schemas = msgspec.json.schema(kind)
    known = schemas.get("$defs", {})
    properties = known.get(kind.__name__, schemas).get("properties", {})
    for field in msgspec.structs.fields(kind):
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        name = field.encode_name
        unit = next((unit for unit in _UNITS if name.endswith(unit)), "")
        shown = None if field.required else msgspec.to_builtins(default)
        yield Parameter(name, worded(properties.get(name, {}), known), shown, field.required, unit)
