"""From logs of which the times are known to `tune.json`."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from loadtests.errors import ModelError, ScenarioError
from loadtests.survival.document import read
from loadtests.survival.tuning import describe, tune_by_logs, tune_from_logs
from tests.loadtests.survival.known import lognormal
from tests.loadtests.survival.logs import MANNER, capf_trace, iis_log, nginx_log
from tests.processes import run_estorm

KNOWN = lognormal(2, 0.8)
TIMES = np.round(KNOWN.draw(np.random.default_rng(9), 3_000), 3)


def test_a_trace_that_was_cut_tells_of_the_time_beyond(tmp_path: Path) -> None:
    capf_trace(tmp_path / "capf.log", TIMES)
    tune = tune_from_logs([tmp_path], MANNER)
    timer = tune.timers["read"]
    assert (timer.seen + timer.cut, timer.horizon_seconds) == (3_000, 10.0)
    assert timer.tail
    beyond = [each for each in timer.candidates if each.basis == "tail"]
    assert len(beyond) >= 6
    for cut in beyond:
        assert cut.low <= KNOWN.share_over(cut.seconds) <= cut.high


def test_the_cas_log_beside_the_ras_tells_it_without_a_guess(tmp_path: Path) -> None:
    iis_log(tmp_path / "u_ex260116.log", TIMES)
    nginx_log(tmp_path / "nginx_error.log", TIMES)
    tune = tune_from_logs([tmp_path], MANNER)
    timer = tune.timers["submit"]
    assert (timer.cut, timer.horizon_seconds, timer.source) == (0, None, "the CA's IIS log")
    by_seconds = {each.seconds: each for each in timer.candidates}
    assert by_seconds[20.0].estimate == pytest.approx((TIMES > 20).mean())
    assert by_seconds[20.0].basis == "seen"
    assert any("worked on after the RA had gone" in note for note in timer.notes)


def test_the_ras_log_alone_tells_what_its_seconds_can(tmp_path: Path) -> None:
    nginx_log(tmp_path / "nginx_error.log", TIMES)
    timer = tune_from_logs([tmp_path], MANNER).timers["submit"]
    by_seconds = {each.seconds: each for each in timer.candidates}
    assert by_seconds[10.0].low <= KNOWN.share_over(10.0) <= by_seconds[10.0].high
    assert by_seconds[20.0].low <= KNOWN.share_over(20.0) <= by_seconds[20.0].high


def test_it_leaves_advice_and_what_to_paste(tmp_path: Path) -> None:
    nginx_log(tmp_path / "nginx_error.log", TIMES)
    iis_log(tmp_path / "u_ex260116.log", TIMES)
    told: list[str] = []
    tune_by_logs([tmp_path], MANNER, tmp_path / "out", told.append)
    tune = read(tmp_path / "out" / "tune.json")
    ra = tomllib.loads((tmp_path / "out" / "ra.toml").read_text())["ra"]
    phones = tomllib.loads((tmp_path / "out" / "phones.toml").read_text())["phones"]
    assert ra == {"timers": {"submit_seconds": tune.recommended.tunables.submit}}
    assert phones == {"read_timeout_seconds": tune.recommended.tunables.read}
    assert tune.recommended.predicted["submit"].high <= tune.default.predicted["submit"].low
    assert set(tune.default.settings) == {"phones.read_timeout_seconds", "ra.timers.submit_seconds"}
    assert told[:-2] == list(describe(tune))
    assert (tmp_path / "out" / "report.html").exists()
    assert any("login: no log tells" in note for note in tune.notes)


def test_logs_without_times_are_refused(tmp_path: Path) -> None:
    (tmp_path / "capf.log").write_text("01:00:00.000 | debug 2:SEP00:nothing of use\n")
    with pytest.raises(ModelError, match="tells how long an enrollment or a call took"):
        tune_from_logs([tmp_path], MANNER)


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="there is no file or folder"):
        tune_from_logs([tmp_path / "none"], MANNER)


def test_the_command_says_it_in_one_line_when_it_cannot(tmp_path: Path) -> None:
    done = run_estorm("tune", "--logs", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("estorm: no log in . tells how long")
    assert done.stderr.count("\n") == 1
