from pathlib import Path

import pytest

from loadtests.errors import JournalError
from loadtests.scaling.records import LevelRecords
from tests.loadtests.scaling.levels import repeat


def test_measurements_come_back_by_level(tmp_path: Path) -> None:
    records = LevelRecords(tmp_path)
    for concurrency, rate in ((4, 40.0), (1, 10.0), (4, 41.0)):
        records.add(concurrency, repeat(rate))
    found = records.read()
    assert [(level.concurrency, [r.per_second for r in level.repeats]) for level in found] == [
        (1, [10.0]),
        (4, [40.0, 41.0]),
    ]


def test_a_line_that_was_cut_is_dropped_and_written_over(tmp_path: Path) -> None:
    records = LevelRecords(tmp_path)
    records.add(1, repeat(10.0))
    with records.path.open("ab") as file:
        file.write(b'{"concurrency":2,"rep')
    assert len(records.read()) == 1
    records.add(2, repeat(20.0))
    assert [level.concurrency for level in records.read()] == [1, 2]


def test_nothing_measured_is_no_level(tmp_path: Path) -> None:
    assert LevelRecords(tmp_path).read() == []


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "levels.jsonl").write_text('{"concurrency": "many"}\n')
    with pytest.raises(JournalError, match="not the levels of this version"):
        LevelRecords(tmp_path).read()
