import datetime as dt
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from testbed.ca.w3c_log import Row, W3cLog
from tests.testbed.full_disk import files_no_longer_than

MOMENT = dt.datetime(2019, 1, 16, 14, 5, 2, 987_654, dt.UTC)
ROW = Row(
    "14.48.31.152", "POST", "/certsrv/certfnsh.asp", "", 443, r"MICHAMEN\ciscora", "14.48.31.125",
    "CiscoRA 1.0", "https://lab-dc.michamen.com:443/certsrv/certrqxt.asp", 200, 0, 0, 15,
)  # fmt: skip
GUIDE = (
    r"2019-01-16 14:05:02 14.48.31.152 POST /certsrv/certfnsh.asp - 443 MICHAMEN\ciscora 14.48.31.125 "
    "CiscoRA+1.0 https://lab-dc.michamen.com:443/certsrv/certrqxt.asp 200 0 0 15"
)


def test_a_row_is_the_line_of_the_guide(tmp_path: Path) -> None:
    log = W3cLog(tmp_path, lambda: MOMENT)
    log.write(ROW)
    log.close()
    lines = (tmp_path / "u_ex190116.log").read_bytes().decode().split("\r\n")
    assert lines[0] == "#Software: Microsoft Internet Information Services 10.0"
    assert lines[2] == "#Date: 2019-01-16 14:05:02"
    assert lines[4:] == [GUIDE, ""]
    assert len(lines[3].removeprefix("#Fields: ").split(" ")) == len(GUIDE.split(" ")) == 15


def test_a_new_day_is_a_new_file(tmp_path: Path) -> None:
    moments = [MOMENT, MOMENT + dt.timedelta(days=1)]
    log = W3cLog(tmp_path, lambda: moments[0])
    log.write(ROW)
    moments.pop(0)
    log.write(ROW)
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["u_ex190116.log", "u_ex190117.log"]


def test_a_restart_writes_its_header_into_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        log = W3cLog(tmp_path, lambda: MOMENT)
        log.write(ROW)
        log.close()
    assert (tmp_path / "u_ex190116.log").read_text().count("#Fields") == 2


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_client_sends_a_row_is_one_line_of_fifteen_fields(agent: str, query: str) -> None:
    row = Row("s", "GET", "/x", query, 1, "", "c", agent, "", 200, 0, 0, 0)
    text = f"date time {row.text()}"
    assert len(text.split(" ")) == 15
    assert len(text.splitlines()) == 1


def test_a_full_disk_costs_rows_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "u_ex190116.log"
    path.symlink_to("/dev/full")
    log = W3cLog(tmp_path, lambda: MOMENT)
    log.write(ROW)
    path.unlink()
    log.write(ROW)
    log.close()
    assert log.lost_rows == 1
    assert path.read_bytes().decode().split("\r\n")[4:] == [GUIDE, ""]


def test_a_row_that_was_torn_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "u_ex190116.log"
    log = W3cLog(tmp_path, lambda: MOMENT)
    log.write(ROW)
    with files_no_longer_than(path.stat().st_size + 10):
        log.write(ROW)
        log.write(ROW)
    log.write(ROW)
    log.close()
    assert log.lost_rows == 2
    assert path.read_bytes().decode().split("\r\n")[4:] == [GUIDE, GUIDE[:10], GUIDE, ""]
