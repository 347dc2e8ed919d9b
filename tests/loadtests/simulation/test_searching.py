"""The capacity of simulated chains whose capacity is known."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from loadtests.capacity import result
from loadtests.capacity.search import SearchSettings
from loadtests.results.slo import parse_all
from loadtests.scenario import parse_scenario
from loadtests.simulation.searching import SimulatedSearch
from loadtests.simulation.settings import ChainModel
from loadtests.simulation.telling import Asked
from tests.loadtests.capacity.queueing import true_limit

# Two workers, and no timer that goes off: M/M/c.
MANY_SERVERS = """
name = "theory"
seed = 7
[phones]
read_timeout_seconds = 600
handshake_timeout_seconds = 600
[slo]
rules = ["latency_p95_seconds <= 1s"]
[ra]
workers = { model = "blocking", processes = 2 }
connections = { reuse_connections = true }
[ra.timers]
connect_seconds = 600
login_seconds = 600
form_seconds = 600
submit_seconds = 600
download_seconds = 600
[ca.capacity]
submit = { kind = "exponential", mean_seconds = 0.1 }
"""

QUICK = SearchSettings(settle_seconds=20, least_phones=500, least_phones_held=5000)


def test_as_many_workers_as_all_ras_have_bear_what_theory_says(tmp_path: Path) -> None:
    scenario = parse_scenario(MANY_SERVERS, "here")
    model = ChainModel.of(scenario)
    two = ChainModel(
        model.capacity, model.ra, ra_nodes=2, read_timeout_seconds=600, balancing="one_queue", seed=7
    )
    asked = Asked(scenario, "theory", two, [], parse_all(scenario.slo.rules))
    lines: list[str] = []
    search = SimulatedSearch(asked, tmp_path, datetime.now(UTC), lines.append, QUICK)
    found = search.run("estorm simulate --search")
    assert result.read(tmp_path / "capacity.json") == found
    assert found.interval_95 is not None
    low, high = found.interval_95
    assert low < true_limit(4, 0.1, 1.0, late=0.05) < high
    assert (high - low) / low < 0.5
    assert found.bottleneck == "ra_workers"
    assert found.evidence[0].ceiling_per_second == pytest.approx(40, rel=0.1)
    assert len(lines) == len(found.trials)
