"""What a page on faults must say of them, and the schedule that is its example."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from chaos.fault import Fault
from chaos.registry import Parameter, describe, faults
from chaos.schedule import read_schedule

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def undocumented(name: str, prefix: str, common: str) -> list[str]:
    """What the table of faults lacks, or has too much; `common` is a parameter that the page tells once."""
    rows = dict(re.findall(rf"^\| `({re.escape(prefix)}\w+)` \|([^|]*)\|", page(name), re.MULTILINE))
    kinds = {name: kind for name, kind in faults().items() if name.startswith(prefix)}
    problems = [f"{name}: a row too many, or too few" for name in rows.keys() ^ kinds.keys()]
    for fault in rows.keys() & kinds.keys():
        told = [each for each in re.findall(r"`(\w+)`(?: \(|,|$)", rows[fault].strip()) if each != common]
        own = {each.name: each for each in describe(kinds[fault]).parameters if each.name != common}
        if told != list(own):
            problems.append(f"{fault}: it tells {told} of {list(own)}")
        problems += [
            f"{fault}: {each.name}'s default" for each in own.values() if not _tells(rows[fault], each)
        ]
    return problems


def _tells(cell: str, parameter: Parameter) -> bool:
    """Whether it gives the default first, in brackets after the name."""
    default = parameter.default
    plain = f"{default:g}" if isinstance(default, float) else str(default)
    shown = plain.lower() if isinstance(default, bool) else plain
    return re.search(rf"`{parameter.name}` \(`?{re.escape(shown)}[`,)]", cell) is not None


def scheduled(name: str) -> Iterator[Fault]:
    """The faults of the page's TOML example."""
    example = re.search(r"```toml\n(.*?)```", page(name), re.DOTALL)
    assert example is not None
    for plan in read_schedule(tomllib.loads(example[1])["chaos"]["schedule"]):
        yield from plan.steps
