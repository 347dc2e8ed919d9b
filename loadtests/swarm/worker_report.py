"""What each process of the load generator says of itself: `generator-N.json` beside its journal.

Written every few seconds and at the end, so that a process that is lost has left its last word.
"""

from pathlib import Path

import msgspec

from exporters.whole_file import replace_whole
from loadtests.errors import JournalError


class WorkerReport(msgspec.Struct, frozen=True):
    """One process, so far. The histograms are encoded ones of seconds (`loadtests.results.histograms`).

    `cpu_seconds` and `wall_seconds` count while phones were starting. `ended` is False until its last phone
    has ended in order. `clock_ahead_seconds` is how far its clock was ahead of the master's; None: not asked.
    """

    number: int
    workers: int
    phones: int
    ended: bool
    cpu_seconds: float
    wall_seconds: float
    latency: str
    service_time: str
    start_lag: str
    event_loop_lag: str
    clock_ahead_seconds: float | None = None

    @property
    def cpu_share(self) -> float | None:
        """Share of one core that the process used while phones were starting."""
        return self.cpu_seconds / self.wall_seconds if self.wall_seconds > 0 else None


def report_path(directory: Path, number: int) -> Path:
    """Where process `number` writes its report."""
    return directory / f"generator-{number}.json"


def write_report(path: Path, report: WorkerReport) -> None:
    """Replace the report at `path`, whole at any moment."""
    replace_whole(path, msgspec.json.encode(report))


def read_reports(directory: Path) -> list[WorkerReport]:
    """The reports in `directory`, in the order of their numbers; JournalError when one is not whole."""
    found = []
    for path in directory.glob("generator-*.json"):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=WorkerReport))
        except (OSError, msgspec.DecodeError) as error:
            raise JournalError(f"{path}: not a report of the load generator: {error}") from error
    return sorted(found, key=lambda report: report.number)
