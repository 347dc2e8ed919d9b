"""When a trial leaves a calibration, and when the next one has to."""

from pathlib import Path

from loadtests.capacity.keeping import keep_calibration
from loadtests.storm.run_folder import RunFolder


def test_a_trial_that_cannot_be_calibrated_leaves_none(tmp_path: Path) -> None:
    assert not keep_calibration(RunFolder(tmp_path), tmp_path / "calibration.toml")
    assert list(tmp_path.iterdir()) == []


def test_the_first_calibration_stays(tmp_path: Path) -> None:
    kept = tmp_path / "calibration.toml"
    kept.write_text("# of trial 1")
    assert keep_calibration(RunFolder(tmp_path / "02"), kept)
    assert kept.read_text() == "# of trial 1"
