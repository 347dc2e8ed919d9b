"""`estorm tune` as a user runs it."""

import re
import signal
from pathlib import Path

import click
import pytest

from loadtests.errors import LoadtestError
from loadtests.scenario import read_scenario
from loadtests.tuning import document
from loadtests.tuning.command import tune
from loadtests.tuning.document import read
from loadtests.tuning.tunables import Tunables
from tests.loadtests.tuning.tunings import PATIENT, tuned
from tests.processes import all_gone, family_of, run_estorm, running_estorm, wait_until

pytestmark = pytest.mark.long

TINY = """
name = "tiny"
seed = 3
[phones]
count = 20
key = "p-256"
key_pool_size = 4
[phones.retry]
attempts = 2
spacing_seconds = 10
[arrivals]
shape = "poisson"
rate_per_second = 2.0
[slo]
rules = []
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "tiny.toml").write_text(TINY)
    return tmp_path / "tiny.toml"


def test_it_finds_settings_that_a_storm_can_be_run_with_at_once(scenario: Path, tmp_path: Path) -> None:
    options = ("--simulate-only", "--condition", "slow_submit", "--time-budget", "2", "--out", "run")
    done = run_estorm("tune", scenario.name, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "seed 3, run folder" in done.stdout
    found = read(tmp_path / "run" / "tune.json")
    default, best = found.default, found.recommended
    assert default.tunables == Tunables.of(read_scenario(scenario))
    assert best.predicted.orphans <= default.predicted.orphans
    assert best.predicted.enrolled > default.predicted.enrolled
    snippets = "".join((tmp_path / "run" / name).read_text() for name in ("ra.toml", "phones.toml"))
    pasted = snippets.replace("[phones]\n", "[phones]\ncount = 5\nkey = 'p-256'\n", 1)
    (tmp_path / "pasted.toml").write_text(pasted)
    storm = run_estorm("storm", "pasted.toml", "--out", "storm", "--seed", "1", cwd=tmp_path)
    assert "5 of 5 phones enrolled" in storm.stdout, storm.stderr


def test_what_was_recommended_is_held_against_the_present_once_more_value_by_value(
    scenario: Path, tmp_path: Path
) -> None:
    document.write(tuned(), tmp_path)
    options = ("--again", document.NAME, "--simulate-only", "--condition", "slow_submit", "--out", "run")
    done = run_estorm("tune", scenario.name, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "run" / document.NAME)
    assert found.recommended.tunables == PATIENT
    lost = {each.key: each.lost_without for each in found.advice}
    assert lost["ra.timers.total_seconds"] is None
    submit = lost["ra.timers.submit_seconds"]
    assert submit is not None
    assert submit.low > 0
    assert f"ra.timers.submit_seconds = 55 s instead of 10 s [+{submit.mean:.3f}, " in done.stdout


def test_ctrl_c_keeps_what_was_found_and_leaves_nothing_running(scenario: Path, tmp_path: Path) -> None:
    with running_estorm(
        "tune", scenario.name, "--condition", "slow_submit", "--out", "run", cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("screened"))
        family = family_of(process.pid)
        process.send_signal(signal.SIGINT)
        assert wait_until(lambda: process.poll() is not None, 60), line
        assert process.returncode == 130
    assert all_gone(family)
    found = read(tmp_path / "run" / "tune.json")
    assert found.interrupted
    assert found.searched.settings > 0
    assert not found.gains
    (default,), (best,) = (each.predicted.conditions.values() for each in (found.default, found.recommended))
    assert (default.phones, default.runs) == (best.phones, best.runs) == (20, 1)
    assert (tmp_path / "run" / "report.html").exists()


def test_a_storm_that_could_not_be_scaled_is_refused_before_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reset.toml").write_text(TINY.replace('"poisson"\nrate_per_second = 2.0', '"mass_renewal"'))
    with pytest.raises(LoadtestError, match="arrivals of one rate, constant or poisson, not mass_renewal"):
        tune.main(["reset.toml", "--out", "run"], standalone_mode=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--condition", "foggy"], "there is no CA condition 'foggy'; known are healthy"),
        (["--weights", "beauty=1"], "names are missed"),
        (
            [
                "--weights",
                "missed=0,median=0,tail=0,false_timeouts=0,orphans=0,wasted=0,workers=0,collapse=0",
            ],
            "nothing counts then",
        ),
        (["--time-budget", "soon"], "'soon' is not a duration"),
        (["--scale", "1000"], "--scale 1000 is over 100"),
        (["--logs", ".", "--seed", "3", "--weights", "missed=3"], "leave out --seed, --weights"),
        (["--zone", "iis=UTC"], "only with --logs there is something to read with --zone"),
        (["--scale", "0"], "'0' is not a number of at least 1"),
        (
            ["--again", "nothing.json"],
            "nothing.json: not a tuning of version estorm.tune/1 (name the tune.json in",
        ),
        (["--calibration", "nothing.toml"], "cannot read the calibration nothing.toml"),
    ],
    ids=[
        "condition",
        "weights",
        "no weights",
        "budget",
        "high scale",
        "logs",
        "no logs",
        "scale",
        "again",
        "calibration",
    ],
)
def test_bad_input_is_named_with_what_may_be(
    options: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((LoadtestError, click.ClickException), match=re.escape(complaint)):
        tune.main(options, standalone_mode=False)
    assert not list(tmp_path.iterdir())
