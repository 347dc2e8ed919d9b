"""`estorm calibrate` as a user runs it."""

from pathlib import Path

import pytest

from loadtests.calibration.document import Calibration
from loadtests.scenario import read_scenario
from testbed.ca.capacity_settings import ConstantTime, SamplesTime
from tests.loadtests.calibration.ca_logs import queueing, row, write_log
from tests.processes import run_estorm

pytestmark = pytest.mark.long

SCENARIO = """
name = "to calibrate"
seed = 7
[phones]
key = "p-256"
count = 20
[arrivals]
rate_per_second = 20.0
[ca.capacity.submit]
kind = "constant"
seconds = 0.05
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("storm")
    (directory / "s.toml").write_text(SCENARIO)
    done = run_estorm("storm", "s.toml", "--out", "run", cwd=directory)
    assert done.returncode == 0, done.stderr
    return directory / "run"


def test_a_run_gives_its_ca_as_it_was_set_and_its_overheads_as_measured(run: Path, tmp_path: Path) -> None:
    done = run_estorm("calibrate", str(run), "--out", "c.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = Calibration.read(tmp_path / "c.json")
    assert found.source == "run"
    assert found.capacity.submit == ConstantTime(0.05)
    assert found.stages["submit"].requests == 20
    assert found.stages["submit"].mean_seconds >= 0.05
    assert found.overheads.ra_cpu_seconds > 0
    assert isinstance(found.overheads.phone, SamplesTime)
    assert (found.chain.started, found.chain.enrolled) == (20, 20)


def test_of_a_capacity_search_there_is_what_it_kept(run: Path, tmp_path: Path) -> None:
    (tmp_path / "search").mkdir()
    for out in ("search/calibration.toml", "again.toml"):
        done = run_estorm("calibrate", str(run) if "/" in out else "search", "--out", out, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert Calibration.read(tmp_path / "again.toml") == Calibration.read(tmp_path / "search/calibration.toml")


def test_a_run_beside_other_logs_is_refused(run: Path, tmp_path: Path) -> None:
    done = run_estorm("calibrate", str(run), str(run / "logs"), cwd=tmp_path)
    assert done.returncode == 2
    assert f"{run} is the folder of a run or a search: calibrate it alone" in done.stderr
    assert not list(tmp_path.iterdir())


def test_its_logs_alone_give_samples_and_a_scenario_with_them(run: Path, tmp_path: Path) -> None:
    done = run_estorm("calibrate", str(run / "logs"), "--out", "c.toml", "--scenario", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not known: page threads" in done.stdout
    submit = read_scenario(tmp_path / "s.toml").ca.capacity.submit
    assert isinstance(submit, SamplesTime)
    assert min(submit.seconds) >= 0.05


def test_production_logs_need_no_more_than_the_cas(tmp_path: Path) -> None:
    write_log(tmp_path / "u_ex260302.log", *queueing(0.5, 0.2, 500))
    done = run_estorm("calibrate", "u_ex260302.log", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Calibration.read(tmp_path / "calibration.toml").stages["submit"].requests == 500
    again = run_estorm("calibrate", "u_ex260302.log", cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "exists already" in again.stderr


def test_nothing_is_written_where_the_scenario_cannot_be(tmp_path: Path) -> None:
    write_log(tmp_path / "u_ex260302.log", *queueing(0.5, 0.2, 50))
    done = run_estorm("calibrate", "u_ex260302.log", "--scenario", "nowhere/s.toml", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "nowhere/s.toml cannot be written: there is no folder nowhere" in done.stderr
    assert not (tmp_path / "calibration.toml").exists()


@pytest.mark.parametrize(
    ("place", "why"),
    [("nowhere", "no file or folder nowhere"), ("empty", "needs the CA's"), ("refused", "needs the CA's")],
)
def test_what_cannot_be_used_is_told_in_one_line(tmp_path: Path, place: str, why: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "refused").mkdir()
    write_log(tmp_path / "refused" / "u_ex1.log", row(1, "login", 1, "401 1 0"))
    done = run_estorm("calibrate", place, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert why in done.stderr
    assert not (tmp_path / "calibration.toml").exists()
