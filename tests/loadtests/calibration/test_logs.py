from pathlib import Path

import pytest

from exporters.logs.sources import find_logs
from loadtests.calibration.document import Calibration
from loadtests.calibration.logs import calibrate_logs
from loadtests.calibration.reading import manner_of_lab
from loadtests.errors import ModelError
from testbed.ca.capacity_settings import ConstantTime
from tests.loadtests.calibration.ca_logs import row, write_log
from tests.loadtests.calibration.test_chain_log import TRACE

ENROLLMENT = [
    row(5, "login", 50), row(5, "form", 20), row(5, "login", 50), row(5, "submit", 300),
    row(5, "download", 30),
]  # fmt: skip


def calibrated(directory: Path) -> Calibration:
    files, _ = find_logs([directory])
    return calibrate_logs(files, manner_of_lab())


def test_what_capf_saw_beyond_the_cas_pages_is_the_phones_share(tmp_path: Path) -> None:
    write_log(tmp_path / "u_ex1.log", *ENROLLMENT)
    (tmp_path / "capf.log").write_text("".join(TRACE.splitlines(keepends=True)[:3]))
    found = calibrated(tmp_path)
    phone = found.overheads.phone
    assert isinstance(phone, ConstantTime)
    assert phone.seconds == pytest.approx(0.7 - 0.45)
    assert any("2.0 logins for each submission" in text for text in found.known)
    assert "quicker" not in found.unknown[-1]


def test_those_who_enrolled_among_many_who_failed_are_said_to_be_the_quicker_ones(tmp_path: Path) -> None:
    write_log(tmp_path / "u_ex1.log", *ENROLLMENT)
    (tmp_path / "capf.log").write_text(TRACE)
    assert "1 of 3 failed" in calibrated(tmp_path).unknown[-1]


def test_without_capfs_trace_nothing_is_made_up(tmp_path: Path) -> None:
    write_log(tmp_path / "u_ex1.log", *ENROLLMENT)
    found = calibrated(tmp_path)
    assert found.overheads.phone is None
    assert "without CAPF's trace" in found.unknown[-1]


def test_logs_without_the_cas_are_refused(tmp_path: Path) -> None:
    (tmp_path / "capf.log").write_text(TRACE)
    with pytest.raises(ModelError, match="needs the CA's"):
        calibrated(tmp_path)
