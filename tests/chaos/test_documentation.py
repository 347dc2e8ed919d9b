"""docs/chaos.md says what there is: faults, experiments, keys, the smallest fault, examples that are read."""

import ast
import re
import tomllib
from pathlib import Path

import msgspec

from chaos.schedule import Entry, read_schedule
from chaos.settings import ChaosSettings
from loadtests.experiments import actions, probes
from tests.chaos.chaos_page import experiment_rows, fault_rows

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "chaos.md").read_text()


def rows_after(heading: str) -> str:
    table = re.search(rf"{re.escape(heading)}[\s\S]*?\n((?:\|.*\n)+)", PAGE)
    assert table is not None
    return table[1]


def first_cells(heading: str) -> list[str]:
    return [
        name for row in rows_after(heading).splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]


def test_every_fault_is_listed_with_its_parameters() -> None:
    assert rows_after("## All faults").splitlines() == list(fault_rows())


def test_every_experiment_is_listed() -> None:
    assert "\n".join(experiment_rows()) in PAGE


def test_every_key_of_the_table_chaos_is_documented() -> None:
    assert first_cells("## The chain") == list(ChaosSettings.__struct_fields__)


def test_every_key_of_a_schedule_is_documented() -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(Entry)}
    table = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Schedules")[2].partition("###")[0], re.MULTILINE)
    assert set(table) == fields


def test_every_action_and_probe_is_documented() -> None:
    public = [
        node.name
        for module in (actions, probes)
        for node in ast.parse(Path(str(module.__file__)).read_text()).body
        if isinstance(node, ast.FunctionDef)
    ]
    assert [name for name in public if not re.search(rf"[`.]{name}`", PAGE)] == []


def test_the_schedule_shown_is_one() -> None:
    example = re.search(r"```toml\n(\[chaos\].*?)```", PAGE, re.DOTALL)
    assert example is not None
    assert len(read_schedule(tomllib.loads(example[1])["chaos"]["schedule"])) == 3


def test_the_locustfile_shown_is_python_and_its_schedule_is_one() -> None:
    example = re.search(r"```python\n(from pathlib.*?)```", PAGE, re.DOTALL)
    assert example is not None
    tree = ast.parse(example[1])
    schedule = next(node.value for node in tree.body if isinstance(node, ast.Assign))
    assert len(read_schedule(ast.literal_eval(schedule))) == 1


def test_the_fault_to_learn_from_is_shown_as_it_is() -> None:
    shown = re.search(r'```python\n(""".*?)```', PAGE, re.DOTALL)
    assert shown is not None
    assert shown[1] == (ROOT / "chaos" / "ca" / "faults" / "slow_hsm.py").read_text()


def test_the_exit_codes_and_variables_are_those_of_the_experiments() -> None:
    wave = (ROOT / "chaos" / "experiments" / "retry-wave.yaml").read_text()
    for variable, default in re.findall(r"key: (ESTORM_\w+),.* default: (\d+)\}", wave):
        assert re.search(rf"`{variable}` \({default}\b", PAGE), variable
