import gzip
import random
from pathlib import Path

import pytest

from exporters.logs.errors import LogsError
from exporters.logs.sources import LogFile, chunks, find_logs, log_of
from tests.exporters.logs.test_capf import BEGIN, say
from tests.exporters.logs.test_iis import ROW


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("u_ex190116.log", "iis"), ("CAPF00000001.txt", "capf"), ("capf.log.1.gz", "capf"),
        ("ciscora.log", "ces"), ("nginx_error.log", "nginx"), ("error.log", "nginx"),
    ],
)  # fmt: skip
def test_a_log_is_known_by_its_name(tmp_path: Path, name: str, log: str) -> None:
    path = tmp_path / name
    path.touch()
    assert log_of(path) == log


@pytest.mark.parametrize(
    ("line", "log"),
    [
        ("#Fields: date time", "iis"), (say("10:00:00.000", BEGIN), "capf"), ("nginx: [warn] x", "nginx"),
        ("EnrollmentService.sh : nginx server PID value = 1", "ces"), (ROW, None),
    ],
)  # fmt: skip
def test_a_log_of_another_name_is_known_by_its_lines(tmp_path: Path, line: str, log: str | None) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(gzip.compress(line.encode()))
    assert log_of(path) == log


def test_names_of_rotated_files() -> None:
    for name, rotated in (("capf.log", False), ("u_ex190116.log", False), ("capf.log.1", True),
                          ("error.log-20190116.gz", True), ("capf.log.2.gz", True)):  # fmt: skip
        assert LogFile(Path(name), "capf").rotated is rotated, name


def test_a_place_that_does_not_exist_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LogsError, match="there is no file or folder"):
        find_logs([tmp_path / "missing"])


@pytest.mark.parametrize("damage", [slice(0, -20), slice(0, 12)])
def test_a_cut_off_gzip_file_is_one_clear_error(tmp_path: Path, damage: slice) -> None:
    path = tmp_path / "capf.log.gz"
    path.write_bytes(gzip.compress(random.Random(1).randbytes(1000))[damage])
    with pytest.raises(LogsError, match=r"cannot read .*capf\.log\.gz"):
        list(chunks(path))


def test_a_garbled_gzip_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "capf.log.gz"
    packed = bytearray(gzip.compress(b"line\n" * 1000))
    packed[12:30] = b"\xff" * 18
    path.write_bytes(packed)
    with pytest.raises(LogsError, match="cannot read"):
        list(chunks(path))
