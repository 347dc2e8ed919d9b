from pathlib import Path

import pytest

from loadtests.comparison.observed import Observed, read_run
from loadtests.errors import JournalError, ScenarioError
from loadtests.results import table
from tests.loadtests.attempts import enrolled, failed, retry
from tests.loadtests.comparison.folders import run_folder


def test_a_phone_that_enrolls_at_its_second_try_met_the_error_and_did_not_fail() -> None:
    attempts = [
        enrolled(0, at=0.0, latency=0.1),
        failed(1, at=1.0, latency=10.0),
        retry(enrolled(1, at=20.0, latency=0.2), 2),
        failed(2, at=2.0, latency=10.0),
    ]
    found = Observed.of("run", table.build(attempts), 4, 1, {})
    assert found.enrolled == 2
    assert found.latencies == pytest.approx([0.1, 0.2], abs=1e-6)
    assert found.ends == pytest.approx([0.1, 20.2], abs=1e-6)
    assert found.failed == pytest.approx([2.0], abs=1e-6)
    assert found.troubled["EST_ERR_SSL_READ"] == pytest.approx([1.0, 2.0], abs=1e-6)
    assert found.span_seconds == pytest.approx(20.0, abs=1e-6)


def test_a_run_folder_is_read_with_its_cpu_seconds_and_orphans(tmp_path: Path) -> None:
    run = read_run(run_folder(tmp_path / "a", 1, orphans=3))
    assert run.observed.cpu_seconds == {"RA": 0.75, "generator": 1.5}
    assert (run.observed.phones, run.observed.orphans) == (500, 3)


def test_what_is_no_run_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"is not a run folder: it has no scenario\.toml"):
        read_run(tmp_path)


def test_a_run_without_a_table_is_named(tmp_path: Path) -> None:
    (run_folder(tmp_path / "a", 1) / "enrollments.parquet").unlink()
    with pytest.raises(JournalError, match="not an enrollments table"):
        read_run(tmp_path / "a")
