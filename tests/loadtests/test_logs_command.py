import gzip
import signal
from pathlib import Path

import httpx
import pytest

from tests.exporters.logs.test_capf import BEGIN, GOOD, say
from tests.exporters.logs.test_iis import ROW
from tests.processes import announced, run_estorm, running_estorm, wait_until


def test_logs_are_followed_until_an_interrupt(tmp_path: Path) -> None:
    (tmp_path / "capf.log").write_text(f"{say('10:00:00.000', BEGIN)}\n")
    with running_estorm(
        "logs", "serve", ".", "--listen", "0", "--poll", "0.05", "--zone", "capf=UTC", cwd=tmp_path
    ) as process:
        url = announced(process)
        with (tmp_path / "capf.log").open("a") as file:
            file.write(f"{say('10:00:01.000', BEGIN)}\n{say('10:00:02.500', GOOD)}\n")
        assert wait_until(lambda: "estorm_enrollments_succeeded_total" in httpx.get(url).text)
        text = httpx.get(url).text
        health = httpx.get(url.replace("/metrics", "/health")).json()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert 'estorm_enrollment_service_seconds_sum{operation="",outcome="enrolled"} 1.5' in text
    assert "SEP" not in text
    assert list(health["files"].values()) == ["capf"]


@pytest.mark.parametrize("place", [".", "trace.txt"])
def test_a_log_that_is_yet_to_be_written_is_waited_for_and_that_is_said(tmp_path: Path, place: str) -> None:
    log = tmp_path / "trace.txt"
    log.touch()
    with running_estorm("logs", "serve", place, "--listen", "0", "--poll", "0.05", cwd=tmp_path) as process:
        url = announced(process)
        log.write_text(f"{say('10:00:01.000', BEGIN)}\n{say('10:00:02.500', GOOD)}\n")
        assert wait_until(lambda: "estorm_enrollments_succeeded_total" in httpx.get(url).text)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said == f"no log yet: waiting for one of CAPF, CES, NGINX or IIS in {place}\n"


def test_a_backfill_reads_packed_files_and_writes_to_a_file(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "u_ex190116.log.gz").write_bytes(gzip.compress(f"{ROW}\r\nbroken SEP74A02FC0A675\r\n".encode()))
    ended = run_estorm("logs", "backfill", "logs", "--out", "metrics.om", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    text = (tmp_path / "metrics.om").read_text()
    assert 'estorm_ca_requests_total{stage="submit",status="200"} 1.0 1547647515' in text
    assert text.endswith("# EOF\n")
    assert "iis (fields): aaaaaa AAA99A99AA9A999" in ended.stderr
    assert "SEP" not in ended.stderr + ended.stdout + text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("backfill", "missing"), "there is no file or folder missing"),
        (("serve", "missing"), "there is no file or folder missing"),
        (
            ("serve", "--listen", "0", "notes.txt"),
            "notes.txt is no log of CAPF, CES, NGINX or IIS that can be read",
        ),
        (("serve", "--listen", "0", "capf.log.1"), "capf.log.1 was rotated, so nobody writes to it"),
        (("backfill", "empty"), "no log of CAPF, CES, NGINX or IIS in empty"),
        (("backfill", ".", "--zone", "capf=Mars/Base"), "there is no time zone 'Mars/Base'"),
        (("backfill", ".", "--zone", "http=UTC"), "LOG one of capf, ces, nginx, iis"),
        (("serve", ".", "--listen", "x:y"), "is not HOST:PORT or PORT"),
        (("backfill", ".", "--capf-timer", "0"), "is not a duration above 0"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("Call Bob about the CA.\n")
    (tmp_path / "capf.log.1").write_text(f"{say('10:00:00.000', BEGIN)}\n")
    ended = run_estorm("logs", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1
