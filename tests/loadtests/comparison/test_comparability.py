from pathlib import Path

import msgspec
import pytest

from loadtests.comparison.comparability import check_despite, obstacles, remarks
from loadtests.comparison.observed import read_run
from loadtests.errors import ScenarioError
from loadtests.results.summary import DeadPart, Host, Run
from loadtests.scenario import PhoneSettings, Scenario
from loadtests.targets.settings import TargetSettings
from testbed.ca.capacity_settings import CapacitySettings, SamplesTime
from testbed.metrics_settings import MetricsSettings
from testbed.settings import CaSettings, RaSettings
from tests.loadtests.comparison.folders import SCENARIO, run_folder
from tests.loadtests.runs import RUN

OTHER_KEYS = Scenario(name="night", phones=PhoneSettings(key_pool_size=7, count=500))


RUNS_THAT_DIFFER = {"a": SCENARIO, "b": OTHER_KEYS}


def found(
    tmp_path: Path, *, despite: tuple[str, ...] = (), scenario: Scenario = SCENARIO, run: Run = RUN
) -> list[str]:
    one = run_folder(tmp_path / "a", 1)
    two = run_folder(tmp_path / "b", 2, scenario=scenario, run=run)
    return list(obstacles(read_run(one), read_run(two), despite=despite))


def test_runs_that_differ_in_seed_and_name_alone_can_be_compared(tmp_path: Path) -> None:
    assert found(tmp_path, scenario=msgspec.structs.replace(SCENARIO, name="another")) == []


def test_runs_of_other_ports_and_checkouts_can_be_compared(tmp_path: Path) -> None:
    one, two = (
        msgspec.structs.replace(
            SCENARIO,
            target=TargetSettings(ca_log=f"/builds/{number}/ca.log"),
            ra=RaSettings(port=8000 + number, metrics=MetricsSettings(port=9000 + number)),
        )
        for number in (1, 2)
    )
    run_folder(tmp_path / "one", 1, scenario=one)
    run_folder(tmp_path / "two", 2, scenario=two)
    assert list(obstacles(read_run(tmp_path / "one"), read_run(tmp_path / "two"))) == []


def test_a_file_that_one_run_alone_was_given_forbids_it(tmp_path: Path) -> None:
    logged = msgspec.structs.replace(SCENARIO, target=TargetSettings(ca_log="ca.log"))
    (line,) = found(tmp_path, scenario=logged)
    assert line.startswith("target.ca_log is '' in ")
    assert " and 'ca.log' in " in line


def test_another_setting_is_named_with_both_values(tmp_path: Path) -> None:
    (line,) = found(tmp_path, scenario=OTHER_KEYS)
    assert line.startswith("phones.key_pool_size is 0 in ")
    assert " and 7 in " in line


@pytest.mark.parametrize("key", ["phones", "phones.key_pool_size"])
def test_a_setting_may_differ_when_the_user_says_so(tmp_path: Path, key: str) -> None:
    assert found(tmp_path, scenario=OTHER_KEYS, despite=(key,)) == []


@pytest.mark.parametrize("key", ["phones", "ca.capacity.login.mean_seconds", "chaos.schedule", "target.url"])
def test_any_setting_that_a_scenario_can_have_may_be_let_differ(tmp_path: Path, key: str) -> None:
    run = read_run(run_folder(tmp_path / "a", 1))
    check_despite([key], run, [run])


def test_a_setting_that_there_is_not_is_told_with_those_that_are_and_what_differs(
    tmp_path: Path,
) -> None:
    one, two = (run_folder(tmp_path / name, 1, scenario=each) for name, each in RUNS_THAT_DIFFER.items())
    with pytest.raises(ScenarioError) as refused:
        check_despite(["phones", "ra.timer"], read_run(one), [read_run(two)])
    said = str(refused.value)
    assert said.startswith("--despite ra.timer: unknown key `timer` in [ra]; known are port, ca_host_name, ")
    assert said.endswith("; these runs differ in phones.key_pool_size")


def test_a_long_value_that_differs_is_cut(tmp_path: Path) -> None:
    times = SamplesTime(tuple(index / 10 for index in range(1000)))
    slow = msgspec.structs.replace(SCENARIO, ca=CaSettings(capacity=CapacitySettings(login=times)))
    assert all(len(line) < 400 for line in found(tmp_path, scenario=slow))


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
