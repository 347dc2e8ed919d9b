"""The run folder: everything one storm leaves behind. `docs/run-folder.md` explains each file."""

import contextlib
import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtests.errors import ScenarioError


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one run. `create` makes the folder; the files come as the run goes on.

    A run that is a step of a `command` has its folder somewhere below that command's.
    """

    path: Path
    command: Path | None = None

    @property
    def name(self) -> str:
        """The run's id: `<UTC time>-<kind>`; of a step, with the folders below it: `.../trials/07`."""
        return str(self.path.relative_to(self.command.parent)) if self.command else self.path.name

    @property
    def _watched(self) -> Path:
        """The folder in which Prometheus looks for targets; steps come one after the other."""
        return self.command or self.path

    @property
    def logs(self) -> Path:
        """The guide's four logs, and the output of each process."""
        return self.path / "logs"

    @property
    def capf_trace(self) -> Path:
        """The CAPF trace."""
        return self.logs / "capf.log"

    @property
    def nginx_log(self) -> Path:
        """The RA's log of calls to the CA and of EST errors."""
        return self.logs / "nginx_error.log"

    @property
    def generator_log(self) -> Path:
        """What the load generator said."""
        return self.logs / "generator.log"

    @property
    def database(self) -> Path:
        """The CA's database."""
        return self.path / "ca.sqlite"

    @property
    def devices(self) -> Path:
        """CAPF's device table, with the LSCs."""
        return self.path / "capf.sqlite"

    @property
    def ca_mark(self) -> Path:
        """Where the records of a target's CA ended when the run began."""
        return self.path / "ca_mark.json"

    @property
    def keys(self) -> Path:
        """The phones' keys, until the run is over or for good."""
        return self.path / "keys"

    @property
    def trust_anchor(self) -> Path:
        """The root certificate that signs the lab's servers and the phones' LSCs."""
        return self.path / "root.pem"

    @property
    def scenario(self) -> Path:
        """The scenario as resolved, seed included."""
        return self.path / "scenario.toml"

    @property
    def metrics_targets(self) -> Path:
        """Where the load generator's metrics are, while they are: for Prometheus' `file_sd_configs`."""
        return self._watched / "targets-load.json"

    @property
    def lab_targets(self) -> Path:
        """Where the lab's metrics are, while they are; as `metrics_targets`."""
        return self._watched / "targets-lab.json"

    @property
    def storm_targets(self) -> Path:
        """Where the supervisor's metrics are, while they are; as `metrics_targets`."""
        return self._watched / "targets-storm.json"

    @property
    def prometheus(self) -> Path:
        """What a Prometheus beside the storm was told and has kept."""
        return self.path / "prometheus"

    @property
    def annotations(self) -> Path:
        """When faults began and ended, a Grafana annotation a line."""
        return self.path / "faults.jsonl"

    @property
    def connections(self) -> Path:
        """Which connection was struck by what."""
        return self.path / "connections.json"

    @property
    def summary(self) -> Path:
        """The result as numbers."""
        return self.path / "summary.json"

    @property
    def enrollments(self) -> Path:
        """One row for each attempt."""
        return self.path / "enrollments.parquet"

    @property
    def report(self) -> Path:
        """The result as a page."""
        return self.path / "report.html"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else runs a storm here meanwhile; ScenarioError when somebody does."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise ScenarioError(f"a storm is under way in {self.path}; wait for its end") from error
        finally:
            os.close(descriptor)


def find_run_folder(path: Path) -> RunFolder:
    """The folder of a run, whatever became of it; ScenarioError when `path` is none."""
    if not path.is_dir():
        raise ScenarioError(
            f"{path} is not a run folder: {'it is a file' if path.exists() else 'nothing is there'}"
        )
    folder = RunFolder(path.resolve())
    if not folder.scenario.is_file():
        raise ScenarioError(f"{path} is not a run folder: it has no {folder.scenario.name}")
    return folder


def open_run_folder(path: Path) -> RunFolder:
    """The folder of a run that was begun; ScenarioError when `path` is none that can be resumed."""
    folder = find_run_folder(path)
    if not folder.devices.is_file():
        raise ScenarioError(f"{path} is not a run that can be resumed: it has no {folder.devices.name}")
    return folder


def create_run_folder(
    kind: str, now: dt.datetime, out: Path | None = None, *, logs: bool = True
) -> RunFolder:
    """Make the folder of a new run: `out`, or `runs/<UTC time>-KIND`, with a folder for `logs` or without.

    ScenarioError when it cannot be made, or when `out` already holds something: no run overwrites another.
    """
    path = out or new_run_path(kind, now)
    try:
        path.mkdir(parents=True, exist_ok=True)
        check_empty(path)
        folder = RunFolder(path.resolve())
        if logs:
            folder.logs.mkdir()
    except OSError as error:
        raise ScenarioError(f"cannot make the run folder {path}: {error.strerror}") from error
    return folder


def shown(path: Path) -> Path:
    """The path as short as it can be typed here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def check_empty(path: Path) -> None:
    """ScenarioError when the folder of a new run is there already and holds something."""
    if path.is_dir() and any(path.iterdir()):
        raise ScenarioError(f"the run folder {path} is not empty; name another with --out")


def new_run_path(kind: str, now: dt.datetime) -> Path:
    """Where the folder of a new run will be: `runs/<UTC time>-KIND`, with a number where that is taken."""
    return _free_name(Path("runs"), f"{now:%Y%m%dT%H%M%SZ}-{kind}")


def _free_name(parent: Path, name: str) -> Path:
    candidates = (parent / (f"{name}-{number}" if number else name) for number in range(1000))
    return next(path for path in candidates if not path.exists())
