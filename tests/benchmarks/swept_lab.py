"""`python -m tests.benchmarks.swept_lab FOLDER PLAN`: one trial, as JSON, on the lab whose knee is sought.

It is a process of its own, so that several can be made side by side.
"""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import msgspec

from loadtests.capacity.trial import Trial, TrialPlan
from tests.benchmarks.known_lab import knee_bench


def side_by_side(folder: Path, plans: Sequence[TrialPlan]) -> list[Trial]:
    """The trials of these plans, all at once, each on a lab of its own."""
    with ThreadPoolExecutor(len(plans)) as executor:
        return list(executor.map(lambda plan: _apart(folder / str(plan.number), plan), plans))


def _apart(folder: Path, plan: TrialPlan) -> Trial:
    folder.mkdir()
    command = [sys.executable, "-m", __name__, str(folder), msgspec.json.encode(plan).decode()]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return msgspec.json.decode(done.stdout, type=Trial)


def main() -> None:
    """Make the trial."""
    folder, plan = Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=TrialPlan)
    click.echo(msgspec.json.encode(knee_bench(folder).trial(plan)))


if __name__ == "__main__":
    main()
