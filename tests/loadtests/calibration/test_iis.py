from collections import Counter
from pathlib import Path

import pytest

from loadtests.calibration.iis import CaLog, by_hour, read_ca_log
from tests.iis_log import write_log as write_large_log
from tests.loadtests.calibration.ca_logs import NOW, START, queueing, row, write_log


def read(*paths: Path) -> CaLog:
    return read_ca_log(paths, None, lambda: NOW)


def test_first_legs_of_a_login_are_no_page_and_errors_have_no_service_time(tmp_path: Path) -> None:
    log = read(
        write_log(
            tmp_path / "u_ex1.log", row(1, "login", 3, "401 1 2148074254"), row(1, "login", 40, "301 0 0"),
            row(2, "submit", 90_000, "500 0 0"), row(3, "submit", 12_000, "200 0 64"),
        )
    )  # fmt: skip
    assert log.rows == 4
    assert log.stages["login"].total.mean_ms == 40
    submit = log.stages["submit"]
    assert (submit.total.count, submit.total.mean_ms, submit.failed, submit.gone) == (1, 12_000, 1, 1)
    assert sum(log.submissions.values()) == 1


def test_times_are_kept_apart_by_how_many_requests_were_under_way(tmp_path: Path) -> None:
    busy = [row(100, "submit", 1000) for _ in range(12)]
    log = read(write_log(tmp_path / "u_ex1.log", row(50, "submit", 100), *busy))
    assert {level: each.count for level, each in log.stages["submit"].by_level.items()} == {0: 1, 2: 12}
    assert log.concurrency.highest == pytest.approx(1.2)


def test_several_files_are_one_log_and_each_may_have_its_own_columns(tmp_path: Path) -> None:
    other = tmp_path / "u_ex2.log"
    other.write_text(
        "#Fields: time-taken sc-status cs-uri-stem time date\n"
        f"70 200 /certsrv/certnew.cer {START:%H:%M:%S %Y-%m-%d}\n"
    )
    log = read(write_log(tmp_path / "u_ex1.log", row(1, "form", 10)), other)
    assert log.stages["form"].total.mean_ms == 10
    assert log.stages["download"].total.mean_ms == 70


def test_rows_without_a_time_are_load_and_no_service_time(tmp_path: Path) -> None:
    path = tmp_path / "u_ex1.log"
    path.write_text(
        f"#Fields: date time cs-uri-stem sc-status\n{START:%Y-%m-%d %H:%M:%S} /certsrv/certfnsh.asp 200\n"
    )
    log = read(path)
    assert (log.untimed, sum(log.submissions.values()), log.stages["submit"].total.count) == (1, 1, 0)


def test_blocks_through_polars_say_the_same_as_rows(tmp_path: Path) -> None:
    rows = list(queueing(5, 0.1, 3000))
    large = read(write_log(tmp_path / "u_ex1.log", *rows))
    small = read(*(write_log(tmp_path / f"u_ex{at}.log", *rows[at : at + 300]) for at in range(0, 3000, 300)))
    for log in (large, small):
        assert log.stages["submit"].total.count == 3000
    one, many = (log.stages["submit"].total for log in (large, small))
    assert (one.counts, one.sum_ms) == (many.counts, many.sum_ms)


def test_a_log_of_many_rows_is_counted_whole(tmp_path: Path) -> None:
    written = write_large_log(tmp_path / "u_ex1.log", 3_000_000)
    log = read(tmp_path / "u_ex1.log")
    assert log.rows == written.rows
    assert log.stages["submit"].total.count == written.requests["submit", "200"]


def test_an_hour_of_the_day_is_a_days_mean() -> None:
    day = 24 * 60
    per_hour = by_hour(Counter({7 * 60: 10, 7 * 60 + 59: 4, day + 7 * 60: 6, day + 23 * 60: 2}))
    assert (per_hour[7], per_hour[23], sum(per_hour)) == (10, 1, 11)
    assert by_hour(Counter()) == ()
