from pathlib import Path

import msgspec
import pytest

from loadtests.comparison.comparability import obstacles, remarks
from loadtests.comparison.observed import read_run
from loadtests.results.summary import DeadPart, Host, Run
from loadtests.scenario import PhoneSettings, Scenario
from tests.loadtests.comparison.folders import SCENARIO, run_folder
from tests.loadtests.runs import RUN

OTHER_KEYS = Scenario(name="night", phones=PhoneSettings(key_pool_size=7, count=500))


def found(
    tmp_path: Path, *, despite: tuple[str, ...] = (), scenario: Scenario = SCENARIO, run: Run = RUN
) -> list[str]:
    one = run_folder(tmp_path / "a", 1)
    two = run_folder(tmp_path / "b", 2, scenario=scenario, run=run)
    return list(obstacles(read_run(one), read_run(two), despite=despite))


def test_runs_that_differ_in_seed_and_name_alone_can_be_compared(tmp_path: Path) -> None:
    assert found(tmp_path, scenario=msgspec.structs.replace(SCENARIO, name="another")) == []


def test_another_setting_is_named_with_both_values(tmp_path: Path) -> None:
    (line,) = found(tmp_path, scenario=OTHER_KEYS)
    assert line.startswith("phones.key_pool_size is 0 in ")
    assert " and 7 in " in line


@pytest.mark.parametrize("key", ["phones", "phones.key_pool_size"])
def test_a_setting_may_differ_when_the_user_says_so(tmp_path: Path, key: str) -> None:
    assert found(tmp_path, scenario=OTHER_KEYS, despite=(key,)) == []


def test_a_run_whose_part_died_cannot_be_compared(tmp_path: Path) -> None:
    run = msgspec.structs.replace(RUN, dead_parts=[DeadPart("ra", "signal 9")])
    assert found(tmp_path, run=run) == [f"in {tmp_path / 'b'} the ra died"]


def test_a_run_that_was_interrupted_cannot_be_compared(tmp_path: Path) -> None:
    run = msgspec.structs.replace(RUN, incidents=["interrupted"])
    assert found(tmp_path, run=run) == [f"{tmp_path / 'b'}: interrupted"]


def test_a_generator_that_was_the_limit_forbids_it(tmp_path: Path) -> None:
    one, two = (read_run(run_folder(tmp_path / name, 1)) for name in "ab")
    health = msgspec.structs.replace(two.summary.generator, reasons=["95 % of a core"])
    bound = msgspec.structs.replace(two.summary, generator_bound=True, generator=health)
    limited = type(two)(two.path, two.scenario, bound, two.observed)
    assert list(obstacles(one, limited)) == [f"the generator was the limit in {two.path}: 95 % of a core"]


def test_another_machine_is_remarked_upon(tmp_path: Path) -> None:
    one = read_run(run_folder(tmp_path / "a", 1))
    elsewhere = msgspec.structs.replace(RUN, host=Host("Linux 6.1", "3.11.7", 64))
    (line,) = remarks(one, read_run(run_folder(tmp_path / "b", 2, run=elsewhere)))
    assert "another machine: Linux 6.1, 64 CPUs; not Linux 6.1, 2" in line
