"""The recommendation as TOML to paste into a scenario: `ra.toml` and `phones.toml`."""

from collections.abc import Mapping
from pathlib import Path

import tomli_w

RA, PHONES = "ra.toml", "phones.toml"


def snippets(settings: Mapping[str, object]) -> dict[str, str]:
    """The TOML by file name: the tables [ra...] and [phones...] of values by their keys in a scenario."""
    tables: dict[str, object] = {"ra": {}, "phones": {}}
    for key, value in settings.items():
        _put(tables, key.split("."), list(value) if isinstance(value, tuple) else value)
    return {
        RA: _HEAD.format(part="the RA") + tomli_w.dumps({"ra": tables["ra"]}),
        PHONES: _HEAD.format(part="CAPF and the phones") + tomli_w.dumps({"phones": tables["phones"]}),
    }


def write_snippets(settings: Mapping[str, object], folder: Path) -> None:
    """Both files in the folder."""
    for name, text in snippets(settings).items():
        (folder / name).write_text(text, encoding="utf-8")


_HEAD = "# Recommended by estorm tune for {part}: tables of a scenario (docs/scenario.md).\n\n"


def _put(tables: dict[str, object], path: list[str], value: object) -> None:
    for name in path[:-1]:
        table = tables.setdefault(name, {})
        assert isinstance(table, dict)
        tables = table
    tables[path[-1]] = value
