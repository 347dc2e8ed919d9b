"""docs/chaos-dns.md says what is there: its example runs, its tables name everything."""

import asyncio
import re
import subprocess
import sys
import time
import typing
from pathlib import Path

import pytest
import uvloop

from chaos.alarms import Alarms
from chaos.dns.challtestsrv import routes
from chaos.dns.desk import Desk
from chaos.dns.faults.fault import DnsFault
from chaos.dns.history import History
from chaos.dns.plan import AnyFault, DnsPartSettings, FaultPlan
from chaos.dns.records import Records
from tests.chaos.dns.test_faults import FAULTS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "chaos-dns.md").read_text()
KINDS: tuple[type[DnsFault], ...] = typing.get_args(AnyFault)


def first_cells(after: str) -> list[str]:
    """The names in the first column of the first table after these words."""
    table = re.search(rf"{re.escape(after)}[\s\S]*?\n((?:\|.*\n)+)", DOCUMENT)
    assert table is not None
    cells = [row.split("|")[1] for row in table[1].splitlines()]
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def own_fields(kind: type[DnsFault]) -> set[str]:
    return set(kind.__struct_fields__) - set(DnsFault.__struct_fields__)


def test_the_example_runs(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert example is not None
    command = [sys.executable, "-c", example[1]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_smallest_fault_is_shown_as_it_is() -> None:
    source = (Path(__file__).parents[3] / "chaos" / "dns" / "faults" / "drop.py").read_text()
    shown = re.search(r"```python\n(class .*?)```", DOCUMENT, re.DOTALL)
    assert shown is not None
    assert source.endswith(shown[1])


def test_every_setting_is_documented() -> None:
    assert set(first_cells("| setting (`DnsPartSettings`)")) == set(DnsPartSettings.__struct_fields__)


def test_every_fault_is_documented_tested_and_nothing_else() -> None:
    kinds = {str(kind.__struct_config__.tag) for kind in KINDS}
    assert set(first_cells("## Faults")) == kinds == {fault.kind for fault in FAULTS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_documented(kind: type[DnsFault]) -> None:
    row = re.search(rf"^\| `{kind.__struct_config__.tag}` \|([^|]*)\|", DOCUMENT, re.MULTILINE)
    assert row is not None
    assert own_fields(kind) <= set(re.findall(r"`(\w+)`", row[1]))


def test_every_common_parameter_is_documented() -> None:
    assert set(first_cells("Every fault also has:")) == set(DnsFault.__struct_fields__)


def test_every_route_is_documented() -> None:
    hidden = {"/http-request-history", "/tlsalpn01-request-history"}
    assert {path for path in uvloop.run(paths()) if f"`{path}`" not in DOCUMENT} == hidden


async def paths() -> list[str]:
    alarms = Alarms(asyncio.get_running_loop())
    try:
        return list(routes(Desk(Records("", "", 0), History(0, time.time), FaultPlan(), alarms)))
    finally:
        alarms.close()
