"""Run folders to compare: what `read_run` needs of one, from a seed."""

import random
from pathlib import Path

import msgspec

from loadtests.results import summary, table
from loadtests.results.summary import Run
from loadtests.scenario import Scenario
from loadtests.storm.run_folder import RunFolder
from tests.loadtests.attempts import enrolled
from tests.loadtests.runs import RUN, summed_up

SCENARIO = Scenario(name="night")
PHONES = 500


def run_folder(
    path: Path,
    seed: int,
    *,
    slower: float = 1.0,
    scenario: Scenario = SCENARIO,
    run: Run = RUN,
    orphans: int = 0,
) -> Path:
    """A run whose 500 phones have latencies that scatter about 50 ms times `slower`."""
    path.mkdir()
    folder, dice = RunFolder(path), random.Random(seed)
    attempts = table.build(
        enrolled(index, at=index / 25, latency=slower * dice.lognormvariate(-3.0, 0.2))
        for index in range(PHONES)
    )
    table.write(attempts, folder.enrollments)
    result = summed_up(attempts, run=run, orphans=orphans)
    summary.write(
        msgspec.structs.replace(result, generator_bound=bool(result.generator_bound)), folder.summary
    )
    folder.scenario.write_text(msgspec.structs.replace(scenario, seed=seed).to_toml())
    return path
