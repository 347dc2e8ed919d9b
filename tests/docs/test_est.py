"""docs/est.md names a test for every rule: each must exist, and each setting must be in the table."""

import ast
import re
from pathlib import Path

import msgspec
import pytest

from testbed.ra.est.settings import EstSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "est.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[^`]*\.py)::([^`]*)`", PAGE)))


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 50


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_rules_test_exists(path: str, name: str) -> None:
    functions = [
        node for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    assert name in [function.name for function in functions]


def test_every_rule_has_a_test() -> None:
    rules = PAGE[PAGE.index("## Operations and messages") :]
    rows = [line for line in rules.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    heads = ("| rule |", "| what |")
    without = [row for row in rows if not row.startswith(heads) and "`tests/" not in row]
    assert without == []


def _keys(settings: msgspec.Struct) -> set[str]:
    found = set()
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        found |= _keys(value) if isinstance(value, msgspec.Struct) else {name}
    return found


@pytest.mark.parametrize("key", sorted(_keys(EstSettings())))
def test_every_setting_is_explained(key: str) -> None:
    table = PAGE[PAGE.index("## Settings") : PAGE.index("## Operations and messages")]
    assert re.search(rf"^\|[^|]*`{key}`", table, re.MULTILINE)
