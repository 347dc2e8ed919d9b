"""A module in `chaos.tcp.toxics` is all it takes to have a toxic."""

import pkgutil

import msgspec

from chaos.tcp import toxics
from chaos.tcp.registry import toxic_types


def test_every_module_brings_one_toxic_under_its_own_name() -> None:
    assert sorted(toxic_types()) == sorted(module.name for module in pkgutil.iter_modules(toxics.__path__))


def test_every_attribute_has_a_default() -> None:
    for toxic in toxic_types().values():
        assert all(not field.required for field in msgspec.structs.fields(toxic))
