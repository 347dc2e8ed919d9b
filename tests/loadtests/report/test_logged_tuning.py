"""The page of a tuning from a log that was cut at 10 s: its words, and what a browser draws of it."""

from pathlib import Path

import numpy as np
import pytest

from loadtests.errors import ScenarioError
from loadtests.report.logged_tuning import write_logged_report
from loadtests.survival.document import LoggedTune, read
from loadtests.survival.tuning import tune_by_logs
from tests.loadtests.report.browser import NEEDS_CHROMIUM, Opened, open_in_chromium
from tests.loadtests.report.test_page import Elements
from tests.loadtests.survival.known import lognormal
from tests.loadtests.survival.logs import MANNER, capf_trace

TIMES = np.round(lognormal(2, 0.8).draw(np.random.default_rng(9), 2_000), 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logged")
    capf_trace(path / "capf.log", TIMES)
    tune_by_logs([path], MANNER, path / "out", lambda _: None)
    return path / "out"


@pytest.fixture(scope="module")
def tune(folder: Path) -> LoggedTune:
    return read(folder / "tune.json")


@pytest.fixture(scope="module")
def opened(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return open_in_chromium(folder / "report.html", tmp_path_factory.mktemp("profile"))


def test_the_advice_and_what_was_seen_are_told(folder: Path, tune: LoggedTune) -> None:
    text = Elements((folder / "report.html").read_text(encoding="utf-8")).text
    assert "phones.read_timeout_seconds 10 s" in text
    assert f"{tune.timers['read'].seen:,} {tune.timers['read'].cut} 10 s" in text
    shown = all(each.sure for each in tune.advice)
    assert ("✓ The logs show that these values are enough" in text) == shown


def test_a_folder_without_a_tuning_from_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="tune-logs"):
        write_logged_report(tmp_path)


@NEEDS_CHROMIUM
def test_what_was_seen_and_what_lies_beyond_are_told_apart(opened: Opened) -> None:
    assert opened.legend("timer-read") == ["95 % interval", "seen", "beyond the cut"]
    assert 'class="js-fill"' in opened.chart("timer-read")
    assert ">not seen<" in opened.chart("timer-read")
    ((begin, end),) = opened.shades("timer-read")
    assert (begin, end) == pytest.approx((10, 60), abs=1)


@NEEDS_CHROMIUM
def test_the_page_of_logs_asks_the_network_for_nothing(opened: Opened) -> None:
    assert opened.requests == []
    assert opened.complaints == []
