"""Whole searches on a simulated chain: interrupted and gone on with, and where what gives first is known."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.search_folder import SearchFolder
from loadtests.capacity.searching import Search
from loadtests.capacity.simulated import SimulatedBench
from loadtests.capacity.storm_bench import Interrupted
from loadtests.capacity.trial import Bench, Trial, TrialPlan
from loadtests.errors import ScenarioError
from loadtests.results.slo import parse_all
from loadtests.scenario import default_scenario
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ExponentialTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaConnections, RaSettings

RULE = "latency_p95_seconds <= 2s"
QUICK = SearchSettings(settle_seconds=5, least_phones=100, least_phones_held=300, holds=2)
SHORT = ExponentialTime(0.02)


def model(capacity: CapacitySettings, workers: int = 5) -> ChainModel:
    return ChainModel(capacity, RaSettings(workers=RaWorkers("blocking", workers)), read_timeout_seconds=60)


CHAIN = model(CapacitySettings(submit=ExponentialTime(0.2)), workers=2)


class Impatient:
    """A bench whose user interrupts at one of its trials."""

    def __init__(self, bench: Bench, at: int) -> None:
        self._bench, self._at = bench, at

    def trial(self, plan: TrialPlan) -> Trial:
        if plan.number == self._at:
            raise Interrupted
        return self._bench.trial(plan)


class DriftingBench:
    """A chain that is another one, 1.4 times as slow, in every second trial."""

    def trial(self, plan: TrialPlan) -> Trial:
        slower = 1.4 if plan.number % 2 else 1.0
        chain = model(CapacitySettings(submit=ExponentialTime(0.2 * slower)), workers=2)
        return bench(chain).trial(plan)


def bench(chain: ChainModel) -> SimulatedBench:
    return SimulatedBench(chain, parse_all([RULE]), seed=4)


def begun(path: Path) -> SearchFolder:
    path.mkdir()
    folder = SearchFolder(path)
    searched = Searched(
        scenario="x", target="", rules=[RULE], seed=4, started=datetime(2026, 1, 1, tzinfo=UTC),
        settings=QUICK, machine=Machine(2),
    )  # fmt: skip
    folder.begin(default_scenario(), searched)
    return folder


def searched(folder: SearchFolder, table: Bench, show: Callable[[str], None] = lambda _: None) -> Capacity:
    return Search(folder.asked()[1], folder, SearchDisplay(show, lambda _: None), table).run()


def test_a_search_that_was_interrupted_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = searched(begun(tmp_path / "whole"), bench(CHAIN))
    folder = begun(tmp_path / "cut")
    first = searched(folder, Impatient(bench(CHAIN), at=6))
    assert first.interrupted
    assert len(first.trials) == 5
    assert folder.answer.is_file()
    again = searched(folder, bench(CHAIN))
    assert again == whole
    assert not again.interrupted


def test_a_trials_line_that_was_cut_is_made_again(tmp_path: Path) -> None:
    folder = begun(tmp_path / "cut")
    searched(folder, Impatient(bench(CHAIN), at=4))
    file = folder.path / "trials.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    assert len(folder.trials()) == 2
    assert [trial.plan.number for trial in searched(folder, Impatient(bench(CHAIN), at=5)).trials] == [
        1,
        2,
        3,
        4,
    ]


def test_what_was_no_search_is_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"scenario\.toml"):
        SearchFolder(tmp_path).asked()


def test_a_chain_that_is_another_in_every_second_trial_is_called_unstable(tmp_path: Path) -> None:
    folder = begun(tmp_path / "drifting")
    settings = msgspec.structs.replace(QUICK, least_phones_held=3000, holds=4)
    told = msgspec.structs.replace(folder.asked()[1], settings=settings)
    found = Search(told, folder, SearchDisplay(lambda _: None, lambda _: None), DriftingBench()).run()
    assert found.unstable
    assert found.unstable_reasons


def test_every_trial_is_told_with_step_rate_p99_and_verdict(tmp_path: Path) -> None:
    said: list[str] = []
    found = searched(begun(tmp_path / "told"), bench(CHAIN), said.append)
    assert len(said) == len(found.trials)
    assert "baseline one phone at a time" in said[0]
    assert any("rise" in line and "p99" in line and line.endswith("held") for line in said)
    assert any(f"broke {RULE}" in line for line in said)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_ras_workers_give_first_where_they_wait_for_an_unlimited_ca(tmp_path: Path, workers: int) -> None:
    chain = model(CapacitySettings(submit=ExponentialTime(0.2)), workers)
    found = searched(begun(tmp_path / "x"), bench(chain))
    assert found.bottleneck == "ra_workers"
    assert found.evidence[0].ceiling_per_second == pytest.approx(workers / 0.2, rel=0.2)


def test_the_signing_lock_gives_first_though_ra_and_ca_wait_for_it(tmp_path: Path) -> None:
    capacity = CapacitySettings(workers=4, submit=SHORT, signing=ExponentialTime(0.2))
    found = searched(begun(tmp_path / "x"), bench(model(capacity)))
    assert found.bottleneck == "ca_signing"


def test_the_cas_page_threads_give_first_where_logins_hold_them(tmp_path: Path) -> None:
    capacity = CapacitySettings(workers=1, login=ExponentialTime(0.2), submit=SHORT)
    found = searched(begun(tmp_path / "x"), bench(model(capacity)))
    assert found.bottleneck == "ca_threads"


def test_the_ras_pool_gives_first_where_any_number_of_phones_wait_for_its_connections(tmp_path: Path) -> None:
    pool = RaConnections(reuse_connections=True, pool_size=2)
    ra = RaSettings(workers=RaWorkers("async"), connections=pool)
    chain = ChainModel(CapacitySettings(workers=20, submit=ExponentialTime(0.2)), ra, read_timeout_seconds=60)
    found = searched(begun(tmp_path / "x"), bench(chain))
    assert found.bottleneck == "ra_pool"
    assert found.evidence[0].ceiling_per_second == pytest.approx(10, rel=0.2)
