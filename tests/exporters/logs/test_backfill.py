import datetime as dt
import gzip
import io
import os
import re
import shutil
import subprocess
import zoneinfo
from pathlib import Path

import pytest

from exporters.logs.backfill import Backfill, Filled
from exporters.logs.errors import LogsError
from exporters.logs.reading import Manner
from exporters.logs.sources import find_logs
from tests.exporters.logs.reading import NOW, manner
from tests.exporters.logs.test_capf import BEGIN, GOOD, say
from tests.exporters.logs.test_iis import ROW
from tests.iis_log import write_log


def fill(
    folder: Path, scratch: Path, how: Manner | None = None, date: dt.date | None = None
) -> tuple[str, Filled]:
    files, _ = find_logs([folder])
    out = io.StringIO()
    filled = Backfill(how or manner(), scratch / "steps", NOW, 15, date).run(files, out)
    return out.getvalue(), filled


def first_moves(text: str, series: str) -> float:
    """When a counter was first more than 0."""
    for line in text.splitlines():
        if line.startswith(series):
            _, value, at = line.rsplit(" ", 2)
            if float(value) > 0:
                return float(at)
    raise AssertionError(f"{series} never moves")


def touch(path: Path, moment: dt.datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "logs"
    path.mkdir()
    return path


def test_capfs_times_are_of_the_day_on_which_the_file_was_last_written(folder: Path, tmp_path: Path) -> None:
    path = folder / "capf.log"
    path.write_text(f"{say('23:59:00.000', BEGIN)}\n{say('00:01:00.000', GOOD)}\n")
    touch(path, dt.datetime(2019, 1, 17, 0, 1, 2, tzinfo=dt.UTC))
    text, _ = fill(folder, tmp_path)
    ended = dt.datetime(2019, 1, 17, 0, 1, 15, tzinfo=dt.UTC).timestamp()
    assert first_moves(text, "estorm_enrollments_succeeded_total") == ended
    assert first_moves(text, "estorm_enrollments_started_total") == ended - 120


def test_a_given_date_is_that_of_the_first_line(folder: Path, tmp_path: Path) -> None:
    (folder / "capf.log").write_text(f"{say('23:59:00.000', BEGIN)}\n{say('00:01:00.000', GOOD)}\n")
    text, _ = fill(folder, tmp_path, date=dt.date(2019, 1, 16))
    ended = dt.datetime(2019, 1, 17, 0, 1, 15, tzinfo=dt.UTC).timestamp()
    assert first_moves(text, "estorm_enrollments_succeeded_total") == ended


def test_an_enrollment_begins_in_a_rotated_file_and_ends_in_its_successor(
    folder: Path, tmp_path: Path
) -> None:
    old, new = folder / "capf.log.1.gz", folder / "capf.log"
    old.write_bytes(gzip.compress(f"{say('10:00:00.000', BEGIN)}\n".encode()))
    new.write_text(f"{say('10:00:03.000', GOOD)}\n")
    touch(old, dt.datetime(2019, 1, 16, 10, 0, 1, tzinfo=dt.UTC))
    touch(new, dt.datetime(2019, 1, 16, 10, 0, 4, tzinfo=dt.UTC))
    text, filled = fill(folder, tmp_path)
    assert 'estorm_enrollment_service_seconds_sum{operation="",outcome="enrolled"} 3.0 ' in text
    assert filled.files == 2


def test_logs_of_two_zones_fall_into_the_same_moment(folder: Path, tmp_path: Path) -> None:
    """IIS writes UTC, CAPF the local time of New York, NGINX that of Paris."""
    (folder / "u_ex190116.log").write_text(ROW + "\r\n")
    (folder / "capf.log").write_text(f"{say('09:05:02.000', BEGIN)}\n")
    touch(folder / "capf.log", dt.datetime(2019, 1, 16, 14, 5, 3, tzinfo=dt.UTC))
    url = "https://ca/certsrv"
    done = f"x: Secure connection to MS CertServ completed successfully using the following URL {url}"
    (folder / "nginx_error.log").write_text(f"2019/01/16 15:05:02 [info] 1#0: {done}\n")
    how = manner(capf=zoneinfo.ZoneInfo("America/New_York"), nginx=zoneinfo.ZoneInfo("Europe/Paris"))
    text, _ = fill(folder, tmp_path, how)
    series = ("estorm_ca_requests_total", "estorm_enrollments_started_total", "estorm_ra_calls_total")
    assert {first_moves(text, name) for name in series} == {1_547_647_515.0}


def test_utf_16_latin_1_and_a_line_too_long_are_read_around(folder: Path, tmp_path: Path) -> None:
    (folder / "capf_a.log").write_bytes(f"{say('10:00:00.000', BEGIN)}\r\n".encode("utf-16"))
    (folder / "u_ex190116.log").write_bytes(
        ROW.replace("ciscora", "zo\xeb").encode("latin-1") + b"\r\n" + b"x" * 200_000 + b"\r\n"
    )
    text, filled = fill(folder, tmp_path)
    assert first_moves(text, "estorm_enrollments_started_total") > 0
    assert first_moves(text, "estorm_ca_requests_total") > 0
    assert filled.unreadable == 1


def test_the_text_names_no_phone_account_or_address(folder: Path, tmp_path: Path) -> None:
    hostile = 'SEP74A02FC0A675",evil="1} 1\x1b[31m'
    (folder / "capf.log").write_text(f"{say('10:00:00.000', BEGIN)}\n{hostile}\n")
    (folder / "u_ex190116.log").write_text(f"{ROW}\r\n{ROW.replace('certfnsh', hostile)}\r\n")
    text, filled = fill(folder, tmp_path)
    shown = text + str(filled.shapes)
    for secret in ("SEP7", "74A02F", "MICHAMEN", "ciscora", "14.48", "evil", "\x1b"):
        assert secret not in shown


def test_promtool_makes_a_database_of_it_with_the_logs_counts(folder: Path, tmp_path: Path) -> None:
    if not shutil.which("promtool"):
        pytest.skip("there is no promtool (Debian: prometheus)")
    log = write_log(folder / "u_ex190116.log", 3_000_000)
    text, filled = fill(folder, tmp_path)
    assert filled.unreadable == 0
    (tmp_path / "metrics.om").write_text(text)
    run = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "metrics.om", "data"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    (tmp_path / "data" / "wal").mkdir()  # `dump` reads the data of a Prometheus, which has one
    dump = subprocess.run(
        ["promtool", "tsdb", "dump", "data"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    last: dict[tuple[str, str], float] = {}
    for line in dump.stdout.splitlines():
        found = re.fullmatch(
            r'\{__name__="estorm_ca_requests_total", stage="(\w+)", status="(\d+)"\} (\S+) \d+', line
        )
        if found:
            last[found[1], found[2]] = max(last.get((found[1], found[2]), 0.0), float(found[3]))
    assert last == dict(log.requests)


def test_a_disk_that_is_full_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "capf.log").write_text(f"{say('10:00:00.000', BEGIN)}\n")
    files, _ = find_logs([tmp_path])
    with pytest.raises(LogsError, match="cannot keep the sums"):
        Backfill(manner(), tmp_path / "missing" / "steps", NOW).run(files, io.StringIO())
