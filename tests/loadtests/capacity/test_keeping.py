"""When a trial leaves a calibration, and when the next one has to."""

from pathlib import Path

from loadtests.calibration.document import Calibration, Chain
from loadtests.capacity.keeping import keep_calibration
from loadtests.simulation.settings import Overheads
from loadtests.storm.run_folder import RunFolder
from testbed.ca.capacity_settings import CapacitySettings

OF_TRIAL_1 = Calibration(
    source="run", made_from=("trials/01",), known=(), unknown=(), chain=Chain(), stages={},
    overheads=Overheads(), capacity=CapacitySettings(),
)  # fmt: skip


def test_a_trial_that_cannot_be_calibrated_leaves_none(tmp_path: Path) -> None:
    assert not keep_calibration(RunFolder(tmp_path), tmp_path / "calibration.toml")
    assert list(tmp_path.iterdir()) == []


def test_the_first_calibration_stays(tmp_path: Path) -> None:
    kept = tmp_path / "calibration.toml"
    OF_TRIAL_1.write(kept)
    assert keep_calibration(RunFolder(tmp_path / "02"), kept)
    assert Calibration.read(kept) == OF_TRIAL_1


def test_a_calibration_that_was_cut_when_the_search_was_killed_is_none(tmp_path: Path) -> None:
    kept = tmp_path / "calibration.toml"
    OF_TRIAL_1.write(kept)
    kept.write_bytes(kept.read_bytes()[:-20])
    assert not keep_calibration(RunFolder(tmp_path / "02"), kept)
