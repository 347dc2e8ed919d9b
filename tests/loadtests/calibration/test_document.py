import json
from pathlib import Path

import pytest

from loadtests.calibration.document import Calibration, Chain, Level, StageTimes
from loadtests.errors import ScenarioError
from loadtests.scenario import default_scenario, parse_scenario
from loadtests.simulation.settings import Overheads
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, SamplesTime
from tests.testbed.full_disk import files_no_longer_than

CALIBRATION = Calibration(
    source="logs",
    made_from=("u_ex1.log",),
    known=("a",),
    unknown=("b",),
    chain=Chain(started=1, cut_calls={"login": 2}),
    stages={
        "submit": StageTimes(
            requests=3, failed=0, clients_gone=1, mean_seconds=0.2, p99_seconds=0.4, quiet_requests=2,
            quiet_mean_seconds=0.1, quiet_p99_seconds=0.1,
            levels=(Level(requests=3, mean_seconds=0.2, p99_seconds=0.4),),
        )
    },
    overheads=Overheads(phone=ConstantTime(0.1)),
    capacity=CapacitySettings(submit=SamplesTime((0.1, 0.2))),
)  # fmt: skip


@pytest.mark.parametrize("name", ["calibration.toml", "calibration.json"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    CALIBRATION.write(tmp_path / name)
    assert Calibration.read(tmp_path / name) == CALIBRATION


def test_json_says_what_it_is(tmp_path: Path) -> None:
    CALIBRATION.write(tmp_path / "c.json")
    assert json.loads((tmp_path / "c.json").read_text())["schema"] == "estorm.calibration/1"


def test_on_a_full_disk_the_calibration_that_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "calibration.toml"
    path.write_text("before")
    with (
        files_no_longer_than(100),
        pytest.raises(ScenarioError, match=r"calibration\.toml: File too large"),
    ):
        CALIBRATION.write(path)
    assert path.read_text() == "before"


@pytest.mark.parametrize("text", ["", "source = 'logs'", "not toml", "schema = 'other'"])
def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ScenarioError, match=r"c\.toml is no calibration"):
        Calibration.read(tmp_path / "c.toml")
    with pytest.raises(ScenarioError, match="cannot read the calibration"):
        Calibration.read(tmp_path / "none.toml")


def test_the_mock_ca_and_the_simulator_take_the_same_times() -> None:
    applied = CALIBRATION.applied(default_scenario())
    assert parse_scenario(applied.to_toml(), "a test").ca.capacity == CALIBRATION.capacity
    model = CALIBRATION.model(default_scenario())
    assert model.capacity == applied.ca.capacity
    assert model.overheads == CALIBRATION.overheads
