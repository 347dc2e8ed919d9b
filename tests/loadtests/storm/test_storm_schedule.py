"""A storm that breaks its chain by a schedule: on the phones' clock, and again by the scenario it left."""

from pathlib import Path

import msgspec
import pytest

from chaos.tcp.draws import FaultLog
from loadtests.results import summary
from loadtests.results.journal import Attempt, JournalReader
from loadtests.results.summary import Summary
from tests.processes import run_estorm

pytestmark = pytest.mark.long

SCENARIO = """
name = "schedule"
[phones]
count = 60
key = "p-256"
[arrivals]
rate_per_second = 12.0
[slo]
rules = []
[chaos]
[[chaos.schedule]]
fault = { fault = "ca.unavailable", stage = "login" }
at = 2.0
seconds = 1.5
[[chaos.schedule]]
fault = { fault = "tcp.latency", hop = "phone-ra", latency = 5, toxicity = 0.4 }
during = { from = 0, to = 60 }
"""


def stormed(folder: Path, scenario: Path, *options: str) -> Path:
    done = run_estorm("storm", str(scenario), *options, "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    (folder / "storm.toml").write_text(SCENARIO)
    return stormed(folder, folder / "storm.toml", "--seed", "5")


@pytest.fixture(scope="module")
def again(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the scenario that the first run left."""
    return stormed(tmp_path_factory.mktemp("second"), run / "scenario.toml")


def summed_up(run: Path) -> Summary:
    return summary.read(run / "summary.json")


def attempts(run: Path) -> list[Attempt]:
    return list(JournalReader(run).new())


def struck(run: Path) -> dict[int, list[tuple[str, bool]]]:
    """What was drawn for each phone's connection that came while the toxic was there."""
    log = msgspec.json.decode((run / "connections.json").read_bytes(), type=FaultLog)
    assert log.seed == 5
    return {
        each.number: [(draw.toxic, draw.applies) for draw in each.faults]
        for each in log.connections
        if each.proxy == "phone-ra" and each.faults
    }


def test_faults_strike_on_the_phones_clock(run: Path) -> None:
    first = min(attempt.intended_start for attempt in attempts(run))
    times = {fault.name: fault for fault in summed_up(run).faults}
    assert set(times) == {"ca.unavailable#0.0", "tcp.latency#1.0"}
    refused = times["ca.unavailable#0.0"]
    assert refused.started is not None
    assert refused.ended is not None
    assert 2.0 <= refused.started - first < 4.0
    assert refused.ended - first == pytest.approx(3.5, abs=1.0)


def test_phones_fail_while_it_lasts_and_not_before_or_after(run: Path) -> None:
    refused = next(fault for fault in summed_up(run).faults if fault.name.startswith("ca.unavailable"))
    assert refused.started is not None
    assert refused.ended is not None
    failed = [attempt for attempt in attempts(run) if not attempt.enrolled]
    assert len(failed) >= 5
    assert all(refused.started - 2 <= attempt.started <= refused.ended for attempt in failed)
    assert all(attempt.done >= refused.started for attempt in failed)


def test_a_fault_that_outlasts_the_run_ends_with_it(run: Path) -> None:
    lasting = next(fault for fault in summed_up(run).faults if fault.name.startswith("tcp.latency"))
    assert lasting.ended is not None
    assert lasting.failure == ""


def test_the_report_shows_them(run: Path) -> None:
    report = (run / "report.html").read_text()
    assert 'id="faults"' in report
    assert "ca.unavailable probability=1.0" in report
    assert "Shaded: faults struck on purpose." in report


def test_start_and_end_are_lines_of_the_generators_log(run: Path) -> None:
    log = (run / "logs" / "generator.log").read_text()
    assert "fault start: ca.unavailable" in log
    assert "fault end: ca.unavailable" in log


def test_a_run_is_repeated_from_its_own_scenario_with_the_same_phones(run: Path, again: Path) -> None:
    first, second = ({(each.index, each.phone) for each in attempts(folder)} for folder in (run, again))
    assert first == second
    assert len(first) == 60


def test_the_same_seed_strikes_the_same_connections(run: Path, again: Path) -> None:
    first, second = struck(run), struck(again)
    common = first.keys() & second.keys()
    assert len(common) >= 50
    assert {number: first[number] for number in common} == {number: second[number] for number in common}
    applied = [applies for draws in first.values() for _, applies in draws]
    assert 0.15 < sum(applied) / len(applied) < 0.65
