"""Tuning where it counts: six conditions on the lab, a collapse and its cure, a thousand settings a minute.

Recommended here is what `estorm tune` found for its own scenario with seed 1 (docs/tuning.md).
"""

from pathlib import Path

import click
import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.scenario import Scenario, read_scenario
from loadtests.simulation.settings import Overheads
from loadtests.tuning.bench import Bench
from loadtests.tuning.choice import is_worse
from loadtests.tuning.conditions import chosen, conditions, default_scenario
from loadtests.tuning.laboratory import Laboratory
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.pool import simulating_processes
from loadtests.tuning.proving import DEFAULT, RECOMMENDED, Proof, prove, with_overheads
from loadtests.tuning.space import NETWORK_SECONDS
from loadtests.tuning.sweep import Search, SweepSettings
from loadtests.tuning.tunables import Tunables

SCALE, WINDOW_SECONDS, HELD_BACK_SEED = 10.0, 300.0, 8
BEST = Tunables(
    read=120.0, attempts=6, login=40.0, submit=85.0, total=85.0, ra_retries=2,
    hand_out_late=True, reuse=True, workers=24,
)  # fmt: skip
COLLAPSE = Path(__file__).parents[2] / "loadtests" / "scenarios" / "collapse.toml"


def proof(scenario: Scenario, best: Tunables, names: list[str], folder: Path) -> Proof:
    laboratory = Laboratory(scenario, folder, SCALE, WINDOW_SECONDS, Overheads())
    default = Tunables.of(scenario)
    laboratory, _ = with_overheads(laboratory, default)
    settings = {DEFAULT: default, RECOMMENDED: best}
    laboratory = laboratory.able_to_start(settings.values())
    found = chosen(conditions(scenario), names)
    *_, last = prove(laboratory, settings, found, lambda: float("inf"), click.echo)
    return last


@pytest.mark.benchmark(group="tuning")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name", ["healthy", "slow_login", "slow_submit", "heavy_tailed", "overloaded", "outage"]
)
def test_recommended_is_nowhere_worse_and_as_predicted(
    benchmark: BenchmarkFixture, tmp_path: Path, name: str
) -> None:
    scenario = msgspec.structs.replace(default_scenario(), seed=HELD_BACK_SEED)
    found: Proof = benchmark.pedantic(proof, args=(scenario, BEST, [name], tmp_path), rounds=1)  # type: ignore[no-untyped-call]
    default, best = (found.measured[setting][name] for setting in (DEFAULT, RECOMMENDED))
    assert not is_worse([default], [best])
    for check in found.checks():
        assert check.agrees, check


@pytest.mark.benchmark(group="collapse")
@pytest.mark.timeout(600)
def test_the_defaults_collapse_after_an_outage_on_the_lab_and_the_cure_recovers(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    """Metastable: the CA hangs for a minute, and is kept busy for nobody long after."""
    scenario = read_scenario(COLLAPSE)
    found: Proof = benchmark.pedantic(proof, args=(scenario, BEST, ["outage"], tmp_path), rounds=1)  # type: ignore[no-untyped-call]
    default, cured = (found.measured[setting]["outage"] for setting in (DEFAULT, RECOMMENDED))
    assert default.recovered is False
    assert default.enrolled_share < 0.5
    assert cured.recovered
    assert cured.enrolled_share > 0.95
    assert cured.orphans < default.orphans / 10


@pytest.mark.benchmark(group="collapse")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(4))
def test_the_defaults_collapse_at_full_scale_in_simulation_and_the_cure_recovers(seed: int) -> None:
    scenario = read_scenario(COLLAPSE)
    (outage,) = chosen(conditions(scenario), ["outage"])
    bench = Bench(scenario, (outage,))
    default, cured = (bench.outcome(each, outage, seed) for each in (Tunables.of(scenario), BEST))
    click.echo(f"\ndefault {_line(default)}\ncure    {_line(cured)}")
    assert default.recovered is False
    assert cured.recovered
    assert cured.enrolled_share > 0.95


@pytest.mark.benchmark(group="search")
@pytest.mark.timeout(600)
def test_a_thousand_settings_are_screened_in_a_minute_or_two(benchmark: BenchmarkFixture) -> None:
    scenario = default_scenario()
    bench = Bench(scenario, conditions(scenario))

    def screened() -> int:
        with simulating_processes() as executor:
            settings = SweepSettings(rounds=0, polishes=0)
            search = Search(bench, Tunables.of(scenario), 1, settings, executor, NETWORK_SECONDS)
            *_, sweep = search.run()
        click.echo(f"\n{len(sweep.screened)} settings, {sweep.stopped} given up early")
        return len(sweep.screened)

    assert benchmark.pedantic(screened, rounds=1) == SweepSettings().points  # type: ignore[no-untyped-call]


def _line(found: Outcome) -> str:
    return (
        f"{found.enrolled} of {found.phones} enrolled, {found.orphans} orphans, recovered {found.recovered}"
    )
