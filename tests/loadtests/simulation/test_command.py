"""`estorm simulate` as a planner calls it: a scenario, a calibration, more nodes than there are."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loadtests.calibration.document import Calibration, Chain
from loadtests.capacity import result
from loadtests.capacity.search_folder import SearchFolder
from loadtests.errors import ScenarioError
from loadtests.simulation import document
from loadtests.simulation.command import simulate
from loadtests.simulation.settings import Overheads
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from tests.processes import run_estorm

# Two blocking workers of a second each: 2 a second for each RA, whatever the CA.
SCENARIO = """
name = "two-workers"
seed = 7
[phones]
count = 100
[arrivals]
rate_per_second = 4
[slo]
rules = ["enrolled_share >= 100%"]
[ra.workers]
model = "blocking"
processes = 2
[ca.capacity]
submit = { kind = "constant", seconds = 1.0 }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one works: a scenario, and a calibration of a CA twice as fast."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chain.toml").write_text(SCENARIO)
    Calibration(
        source="logs", made_from=("u_ex.log",), known=(), unknown=(), chain=Chain(), stages={},
        overheads=Overheads(), capacity=CapacitySettings(submit=ConstantTime(0.4)),
    ).write(tmp_path / "ca.toml")  # fmt: skip
    return tmp_path


def simulated(*arguments: str) -> Result:
    return CliRunner().invoke(simulate, ["--scenario", "chain.toml", *arguments])


def test_a_chain_that_is_overloaded_breaks_its_rules_and_exits_1(folder: Path) -> None:
    done = simulated("--out", "out")
    assert done.exit_code == 1, done.output
    left = document.read(folder / "out" / "simulation.json")
    assert left.measures.phones.intended == 100
    assert left.measures.phones.failed > 0
    assert left.phone_timeouts > 0
    assert left.usage.ra_workers == pytest.approx(1, abs=0.1)
    assert "SLO enrolled_share >= 100%: NOT MET" in done.output
    assert "EST_ERR_SSL_READ" in done.output


def test_twice_as_many_ras_bear_twice_as_many_phones(folder: Path) -> None:
    done = simulated("--ra-nodes", "2", "--out", "out")
    assert done.exit_code == 0, done.output
    left = document.read(folder / "out" / "simulation.json")
    assert left.model.ra_nodes == 2
    assert left.measures.phones.enrolled == 100
    assert left.measures.throughput_per_second == pytest.approx(4, rel=0.05)


def test_a_calibrations_service_times_replace_the_scenarios(folder: Path) -> None:
    done = simulated("--from", "ca.toml", "--out", "out")
    assert done.exit_code == 0, done.output
    left = document.read(folder / "out" / "simulation.json")
    assert left.measures.latency_seconds is not None
    assert left.measures.latency_seconds.p50 == pytest.approx(0.4)
    assert "model: service times and overheads of ca.toml" in done.output


def test_phones_and_rate_may_be_others_than_the_scenarios(folder: Path) -> None:
    done = simulated("--phones", "7", "--rate", "0.5", "--out", "out")
    left = document.read(folder / "out" / "simulation.json")
    assert left.measures.phones.intended == 7
    assert left.arrivals.rate_per_second == 0.5
    assert "7 of 7 phones enrolled" in done.output


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(folder: Path) -> None:
    text = SCENARIO.replace('kind = "constant", seconds', 'kind = "exponential", mean_seconds')
    (folder / "chain.toml").write_text(text)
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert f"seed {seed}," in simulated("--seed", seed, "--out", name).output
    first, same, other = (document.read(folder / name / "simulation.json").measures for name in "abc")
    assert first == same != other


def test_a_closed_workload_is_simulated_as_one(folder: Path) -> None:
    (folder / "chain.toml").write_text(SCENARIO.replace("rate_per_second = 4", "closed_phones = 2"))
    simulated("--out", "out")
    left = document.read(folder / "out" / "simulation.json")
    assert left.measures.throughput_per_second == pytest.approx(2)


def test_faults_of_the_scenario_befall_the_simulated_chain_or_are_named(folder: Path) -> None:
    struck = """
[[chaos.schedule]]
fault = { fault = "ca.hang" }
at = 5
seconds = 10
[[chaos.schedule]]
fault = { fault = "tcp.latency", hop = "ra-ca" }
at = 1
seconds = 1
"""
    (folder / "chain.toml").write_text(SCENARIO + struck)
    done = simulated("--ra-nodes", "4", "--out", "out")
    assert done.exit_code == 1, done.output
    assert "not simulated: tcp.latency" in done.output
    left = document.read(folder / "out" / "simulation.json")
    assert [each.kind for each in left.model.outages] == ["hang"]


def test_a_search_leaves_an_answer_and_a_page_and_none_to_go_on_with_on_a_lab(folder: Path) -> None:
    done = simulated("--search", "--slo", "latency_p50_seconds <= 0.5s", "--ra-nodes", "3", "--out", "out")
    assert done.exit_code == 1, done.output
    assert "a rule is broken by one phone at a time already" in done.output
    found = result.read(folder / "out" / "capacity.json")
    assert found.searched.simulated == "3 RAs and 1 CA in simulated time"
    page = (folder / "out" / "report.html").read_text()
    assert "against 3 RAs and 1 CA in simulated time" in page
    assert "estorm simulate --search --scenario scenario.toml --ra-nodes 3" in page
    with pytest.raises(ScenarioError, match="not a search to resume"):
        SearchFolder(folder / "out").asked()


@pytest.mark.usefixtures("folder")
def test_a_search_tries_its_own_rates() -> None:
    done = simulated("--search", "--rate", "5", "--out", "out")
    assert done.exit_code == 2
    assert "--search tries its own rates" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a run with --from"),
        (("--scenario", "none.toml"), r"cannot read the scenario none\.toml"),
        (("--from", "nowhere"), "there is no nowhere"),
        (("--from", "ca.toml"), "name a scenario with --scenario"),
        (("--scenario", "chain.toml", "--slo", "speed >= 1"), "no metric 'speed'"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_leaves_nothing(
    arguments: tuple[str, ...], said: str, folder: Path
) -> None:
    done = CliRunner().invoke(simulate, [*arguments, "--out", "out"])
    assert isinstance(done.exception, ScenarioError)
    with pytest.raises(ScenarioError, match=said):
        raise done.exception
    assert not (folder / "out").exists()


def test_it_is_a_command_of_estorms(folder: Path) -> None:
    done = run_estorm("simulate", "--scenario", "chain.toml", "--phones", "0", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("estorm: ")
    assert done.stderr.count("\n") == 1
