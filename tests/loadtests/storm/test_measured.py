"""One storm on a lab whose CA has one thread and one signing device, and one that is cut short."""

from pathlib import Path

import pytest

from loadtests.errors import ScenarioError
from loadtests.phones.keys import make_key_file
from loadtests.scenario import KeyType, parse_scenario
from loadtests.storm.measured import MeasuredStorm, Silent, storm_on_lab

pytestmark = pytest.mark.long

SCENARIO = """
seed = 3
[phones]
key = "p-256"
count = 30
[arrivals]
rate_per_second = 15
[ca.capacity]
workers = 1
signing = { kind = "constant", seconds = 0.02 }
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> MeasuredStorm:
    directory = tmp_path_factory.mktemp("measured")
    make_key_file(directory / "keys", KeyType.P_256, 3)
    scenario = parse_scenario(SCENARIO, "here")
    return storm_on_lab(scenario, directory / "run", Silent(), keys=directory / "keys")


def test_its_numbers_are_in_its_folder(measured: MeasuredStorm) -> None:
    assert measured.summary.phones.enrolled == len(measured.course.attempts) == 30
    assert measured.folder.summary.is_file()
    assert not measured.folder.report.exists()


def test_every_certificate_is_accounted_for(measured: MeasuredStorm) -> None:
    found = measured.certificates
    assert found is not None
    assert (found.issued, found.delivered, found.handed_out_late, found.orphaned) == (30, 30, 0, 0)


def test_the_keys_outlast_the_run(measured: MeasuredStorm) -> None:
    assert (measured.folder.path.parent / "keys").is_file()
    assert not measured.folder.keys.exists()


def test_it_says_how_busy_everything_was(measured: MeasuredStorm) -> None:
    usage = measured.usage
    assert usage.ca_signing is not None
    assert usage.ca_threads is not None
    assert usage.ra_workers is not None
    assert 0.1 < usage.ca_signing <= usage.ca_threads <= 1
    assert 0 < usage.ra_workers <= 1
    assert usage.generator_cpu
    assert sum(usage.stage_shares.values()) == pytest.approx(1)


def test_a_storm_that_shows_enough_ends_early(tmp_path: Path) -> None:
    scenario = parse_scenario(SCENARIO.replace("count = 30", "count = 1000"), "here")
    found = storm_on_lab(
        scenario, tmp_path / "run", Silent(), keys=tmp_path / "keys",
        enough=lambda attempts, _: "seen enough" if len(attempts) > 3 else "",
    )  # fmt: skip
    assert found.course.cut_short == "seen enough"
    assert 3 < found.summary.phones.enrolled < 1000
    assert not found.course.interrupted


def test_a_scenario_without_a_seed_is_refused(tmp_path: Path) -> None:
    scenario = parse_scenario("name = 'x'", "here")
    with pytest.raises(ScenarioError, match="seed"):
        storm_on_lab(scenario, tmp_path / "run", Silent())


@pytest.mark.parametrize("table", ["ra", "ca"])
def test_a_part_whose_counters_cannot_be_read_is_refused(table: str, tmp_path: Path) -> None:
    scenario = parse_scenario(f'seed = 1\n[{table}.metrics]\nweb_config = "web.yml"', "here")
    with pytest.raises(ScenarioError, match=rf"{table}\.metrics\.web_config keeps"):
        storm_on_lab(scenario, tmp_path / "run", Silent())
    assert not (tmp_path / "run").exists()
