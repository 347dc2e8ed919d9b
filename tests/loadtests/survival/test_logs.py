from pathlib import Path

import pytest

from exporters.logs.sources import find_logs
from loadtests.survival.logs import Heard, hear
from tests.loadtests.survival.logs import MANNER, capf_trace, iis_log, nginx_log

TIMES = [0.25, 3.0, 14.2, 9.999]


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    iis_log(tmp_path / "u_ex260116.log", TIMES)
    nginx_log(tmp_path / "nginx_error.log", TIMES)
    capf_trace(tmp_path / "capf.log", TIMES)
    files, _ = find_logs([tmp_path])
    return hear(files, MANNER)


def test_enrollments_come_from_capfs_trace_with_how_they_ended(heard: Heard) -> None:
    assert [each.seconds for each in heard.enrollments] == pytest.approx([0.25, 3.0, 10.0, 9.999], abs=0.0015)
    good, cut = "EST_ERR_NONE", "EST_ERR_SSL_READ"
    assert [each.said for each in heard.enrollments] == [good, good, cut, good]


def test_calls_come_from_the_ras_log_in_whole_seconds_but_for_the_cut(heard: Heard) -> None:
    calls = heard.calls["submit"]
    assert [each.said for each in calls] == ["", "", "curl_28", ""]
    assert [each.seconds for each in calls] == pytest.approx([0, 3, 10.0005, 9], abs=0.001)


def test_requests_come_from_the_cas_log_beyond_the_ras_timer_too(heard: Heard) -> None:
    requests = heard.requests["submit"]
    assert sorted(each.seconds for each in requests) == pytest.approx(sorted(TIMES))
    assert [each.gone for each in sorted(requests, key=lambda each: each.seconds)] == [False] * 3 + [True]


def test_large_logs_are_as_exact_as_small_ones(tmp_path: Path) -> None:
    times = [number / 1000 for number in range(1, 15_000, 7)]
    iis_log(tmp_path / "u_ex260116.log", times)
    files, _ = find_logs([tmp_path])
    requests = hear(files, MANNER).requests["submit"]
    assert sum(each.number for each in requests) == len(times)
    assert sum(each.number * each.seconds for each in requests) == pytest.approx(sum(times))


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    path = iis_log(tmp_path / "u_ex260116.log", TIMES)
    path.write_text(path.read_text() + "nonsense\r\n")
    files, _ = find_logs([tmp_path])
    assert hear(files, MANNER).unreadable == 1
