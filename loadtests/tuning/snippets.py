"""The recommendation as TOML to paste into a scenario: `ra.toml` and `phones.toml`."""

from collections.abc import Collection
from pathlib import Path

import tomli_w

from loadtests.tuning.tunables import KEYS, Tunables

RA, PHONES = "ra.toml", "phones.toml"


def snippets(tunables: Tunables, only: Collection[str] = KEYS) -> dict[str, str]:
    """The TOML by file name: the tables [ra...] and [phones...], with nothing but what is tuned.

    `only` names the tunables that are.
    """
    tables: dict[str, object] = {"ra": {}, "phones": {}}
    keys = {KEYS[name] for name in only}
    for key, value in tunables.settings().items():
        if key not in keys:
            continue
        _put(tables, key.split("."), list(value) if isinstance(value, tuple) else value)
    return {
        RA: _HEAD.format(part="the RA") + tomli_w.dumps({"ra": tables["ra"]}),
        PHONES: _HEAD.format(part="CAPF and the phones") + tomli_w.dumps({"phones": tables["phones"]}),
    }


def write_snippets(tunables: Tunables, folder: Path, only: Collection[str] = KEYS) -> None:
    """Both files in the folder."""
    for name, text in snippets(tunables, only).items():
        (folder / name).write_text(text, encoding="utf-8")


_HEAD = "# Recommended by estorm tune for {part}: tables of a scenario (docs/scenario.md).\n\n"


def _put(tables: dict[str, object], path: list[str], value: object) -> None:
    for name in path[:-1]:
        table = tables.setdefault(name, {})
        assert isinstance(table, dict)
        tables = table
    tables[path[-1]] = value
