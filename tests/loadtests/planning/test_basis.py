"""What a plan can be made from, and what is said of what it cannot."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from loadtests.calibration.document import Calibration, Chain
from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.result import Searched, capacity_of, write
from loadtests.capacity.search import Found, SearchSettings
from loadtests.capacity.search_folder import SearchFolder
from loadtests.capacity.trial import Step
from loadtests.errors import JournalError, LoadtestError, ScenarioError
from loadtests.planning.basis import read_basis
from loadtests.results.slo import parse_all
from loadtests.scenario import Scenario, SloSettings
from loadtests.simulation.settings import Overheads
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from testbed.settings import CaSettings
from tests.loadtests.capacity.trials import trial

RULES = ("latency_p99_seconds <= 1s",)
OVERHEADS = Overheads(call=ConstantTime(0.004), ra_cpu_seconds=0.01)
CAPACITY = CapacitySettings(submit=ConstantTime(0.3))
SCENARIO = Scenario(name="night", ca=CaSettings(capacity=CAPACITY), slo=SloSettings(RULES))
CALIBRATION = Calibration(
    source="run", made_from=("evening/trials/01",), known=(), unknown=(), chain=Chain(), stages={},
    overheads=OVERHEADS, capacity=CAPACITY,
)  # fmt: skip
SEARCHED = Searched(
    scenario="night", target="", rules=list(RULES), seed=4, started=datetime(2026, 1, 1, tzinfo=UTC),
    settings=SearchSettings(), machine=Machine(2),
)  # fmt: skip


@pytest.fixture
def search(tmp_path: Path) -> SearchFolder:
    """A search that was begun; nothing has been measured yet."""
    (tmp_path / "evening").mkdir()
    folder = SearchFolder(tmp_path / "evening")
    folder.begin(SCENARIO, SEARCHED)
    return folder


def answered(search: SearchFolder) -> None:
    seen = [(5.0, 0.0), (20.0, 0.3), (9.0, 0.004), (10.0, 0.011), (11.0, 0.03), (9.1, 0.005), (10.1, 0.01)]
    steps: tuple[Step, ...] = ("rise", "rise", "hold", "hold", "hold", "hold", "hold")
    made = [
        trial(number, step, rate, share)
        for number, (step, (rate, share)) in enumerate(zip(steps, seen, strict=True), 1)
    ]
    write(capacity_of(made, Found("done", 5.0, 20.0), parse_all(RULES), SEARCHED), search.answer)


def test_a_capacity_search_is_planned_from_by_what_it_kept_of_a_trial(search: SearchFolder) -> None:
    CALIBRATION.write(search.calibration)
    answered(search)
    found = read_basis(search.path, None)
    assert (found.scenario.name, found.model.overheads, found.model.capacity) == (
        "night",
        OVERHEADS,
        CAPACITY,
    )
    assert found.model_from == "service times and overheads of evening/trials/01"
    assert found.measured
    assert found.measured.low_per_second < found.measured.rate_per_second < found.measured.high_per_second
    assert found.measured.rules == list(RULES)


def test_a_search_without_an_answer_yet_is_planned_from_with_nothing_to_hold_against(
    search: SearchFolder,
) -> None:
    CALIBRATION.write(search.calibration)
    assert read_basis(search.path, None).measured is None


def test_a_search_is_no_measure_for_another_chain(search: SearchFolder) -> None:
    CALIBRATION.write(search.calibration)
    answered(search)
    found = read_basis(search.path, Scenario(name="other"))
    assert (found.model.overheads, found.model.capacity) == (OVERHEADS, CapacitySettings())
    assert found.measured is None
    assert found.model_from == "overheads of evening, the rest of other"


def test_an_answer_of_another_version_is_told(search: SearchFolder) -> None:
    CALIBRATION.write(search.calibration)
    search.answer.write_text(json.dumps({"schema": "estorm.capacity/9"}))
    with pytest.raises(JournalError, match="not an answer of version"):
        read_basis(search.path, None)


def test_a_search_that_kept_nothing_is_to_be_gone_on_with(search: SearchFolder) -> None:
    with pytest.raises(ScenarioError, match="no trial has ended in which nearly all phones enrolled; go on"):
        read_basis(search.path, None)


def test_a_search_of_a_users_server_asks_for_its_cas_logs(search: SearchFolder) -> None:
    target = msgspec.structs.replace(SCENARIO.target, url="https://est.example:8084")
    search.run.scenario.write_text(msgspec.structs.replace(SCENARIO, target=target).to_toml())
    with pytest.raises(ScenarioError, match=r"est\.example:8084, of which only its answers .* IIS logs"):
        read_basis(search.path, None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "there is no .*nowhere; name the folder of a storm"),
        ("empty", "is no run that has ended: it has no scenario.toml"),
        ("begun", "is no run that has ended: it has no summary.json"),
        ("stripped", "has kept no logs"),
        ("calibration.toml", "says nothing of RA and phones; name a scenario with --scenario"),
        ("chain.toml", "is no calibration of estorm's"),
    ],
)
def test_what_is_nothing_to_plan_from_is_told_with_what_is(tmp_path: Path, name: str, said: str) -> None:
    for each in ("empty", "begun", "stripped"):
        (tmp_path / each).mkdir()
    for path in ("begun/scenario.toml", "stripped/scenario.toml", "stripped/summary.json", "chain.toml"):
        (tmp_path / path).write_text(SCENARIO.to_toml())
    CALIBRATION.write(tmp_path / "calibration.toml")
    with pytest.raises(LoadtestError, match=said):
        read_basis(tmp_path / name, None)
