"""Evidence in the logs of a run folder."""

from pathlib import Path

import pytest

from chaos.fault import Evidence
from loadtests.experiments.log_lines import found_lines, missing
from loadtests.storm.run_folder import RunFolder

TIMED_OUT = Evidence("nginx_error", r"return code 28 \(Operation timed out after \d+ milliseconds")
GAVE_UP = Evidence("capf", r"Enrollment rv = 35")
ROW = Evidence("iis", r" 200 0 64 \d+$")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path)
    run.logs.mkdir()
    (run.logs / "nginx_error.log").write_text(
        "return code 28 (Operation timed out after 1001 milliseconds)\nno\n"
    )
    (run.logs / "u_ex251009.log").write_text("POST x 200 0 64 1500\n")
    (run.logs / "u_ex251010.log").write_text("POST x 200 0 64 1700\nPOST x 200 0 0 15\n")
    return run


def test_lines_are_looked_for_in_their_own_log(folder: RunFolder) -> None:
    assert len(found_lines(folder, TIMED_OUT)) == 1
    assert found_lines(folder, Evidence("iis", TIMED_OUT.pattern)) == []


def test_a_log_may_be_several_files(folder: RunFolder) -> None:
    assert found_lines(folder, ROW) == ["POST x 200 0 64 1500", "POST x 200 0 64 1700"]


def test_what_is_missing_is_told_where_a_log_is_missing_too(folder: RunFolder) -> None:
    assert missing(folder, (TIMED_OUT, GAVE_UP, ROW)) == [GAVE_UP]
