"""Finds the toxics: every `Toxic` that a module of `chaos.tcp.toxics` defines, by its type."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType

from chaos.tcp import toxics
from chaos.tcp.toxic import Toxic

ToxicTypes = Mapping[str, type[Toxic]]


def toxic_types() -> ToxicTypes:
    """Every toxic there is, by the name that stands in `type` on the wire."""
    return {toxic.type: toxic for module in _modules() for toxic in _defined_in(module)}


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(toxics.__path__):
        yield importlib.import_module(f"{toxics.__name__}.{found.name}")


def _defined_in(module: ModuleType) -> Iterator[type[Toxic]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Toxic) and value.__module__ == module.__name__:
            yield value
