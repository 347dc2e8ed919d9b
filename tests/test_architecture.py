"""The import rules of ARCHITECTURE.md, and the size of modules and functions."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("exporters", "grafana", "testbed", "chaos", "loadtests")
MAY_IMPORT = {
    "exporters": {"exporters"},
    "testbed": {"testbed", "exporters"},
    "chaos": {"chaos", "testbed", "exporters"},
    "grafana": {"grafana", "exporters"},
    "loadtests": set(PACKAGES) - {"grafana"},
}
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_packages(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found & set(PACKAGES)


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_a_package_imports_only_what_the_architecture_allows(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    assert imported_packages(ast.parse(path.read_text())) <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_a_module_is_short_and_so_are_its_functions(path: Path) -> None:
    text = path.read_text()
    long_functions = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= 60
    ]
    assert text.count("\n") <= 400
    assert long_functions == []
