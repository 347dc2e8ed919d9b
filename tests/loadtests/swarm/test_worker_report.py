from pathlib import Path

import pytest

from loadtests.errors import JournalError
from loadtests.swarm.worker_report import read_reports, report_path, write_report
from tests.loadtests.arrivals.test_pacing import report


def test_reports_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 0):
        write_report(report_path(tmp_path, number), report(number))
    assert [each.number for each in read_reports(tmp_path)] == [0, 9, 10]


def test_a_later_report_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = report_path(tmp_path, 0)
    write_report(path, report(ended=False))
    write_report(path, report(ended=True))
    assert read_reports(tmp_path) == [report(ended=True)]
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_not_a_report_is_named(tmp_path: Path) -> None:
    report_path(tmp_path, 3).write_text("{")
    with pytest.raises(JournalError, match=r"generator-3\.json"):
        read_reports(tmp_path)
