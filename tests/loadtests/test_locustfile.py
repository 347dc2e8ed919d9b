"""The locustfile under stock Locust, as a user starts it. Locust replaces sockets: never in this process."""

import asyncio
import contextlib
import itertools
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from chaos.clock.faketime import FakeClock
from chaos.system import Reading
from loadtests.phones.phone import PhoneNames
from loadtests.results.journal import Attempt, JournalReader
from loadtests.swarm.worker_report import read_reports
from testbed.web.messages import Request, Response
from tests.loadtests import two_ways
from tests.loadtests.est_server import EstServer, LabCa
from tests.loadtests.peers import read_request, tls_peer

pytestmark = pytest.mark.long

LOCUSTFILE = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
PHONES = 40
PATIENCE_SECONDS = 30.0
Locust = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def locust(lab_ca: LabCa, est_server: EstServer, journal: Path) -> Iterator[Locust]:
    """Starts Locust against the EST server; stops what a test leaves running."""
    with contextlib.ExitStack() as owned:

        def start(
            *options: str,
            host: str | None = None,
            environment: Mapping[str, str] | None = None,
            locustfile: Path = LOCUSTFILE,
        ) -> "subprocess.Popen[str]":
            command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--only-summary"]
            command += ["--trust-anchor", str(lab_ca.trust_anchor), "--key-type", "p-256"]
            command += ["--phones", str(PHONES), "--journal", str(journal)]
            command += ["--host", est_server.url if host is None else host, *options]
            given = {"ESTORM_EST_PASSWORD": "secret", **(environment or {})}
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, env={**os.environ, **given}, start_new_session=True,
            )  # fmt: skip
            owned.enter_context(process)
            owned.callback(process.kill)
            return process

        yield start


def ended(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=60)
    return output


def attempts(journal: Path) -> list[Attempt]:
    return list(JournalReader(journal).new())


def wait_until(condition: Callable[[], object], timeout_seconds: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def on_free_port() -> tuple[str, str]:
    """For --processes: where the master listens, and where its workers look for it."""
    port = free_port()
    return f"--master-bind-port={port}", f"--master-port={port}"


def assert_each_phone_enrolled_once(made: list[Attempt]) -> None:
    names = PhoneNames(1)
    assert Counter(attempt.phone for attempt in made) == {names.name(index): 1 for index in range(PHONES)}
    assert [attempt.reason for attempt in made if not attempt.enrolled] == []


def test_one_process_enrolls_every_phone_once_and_exits_0(locust: Locust, journal: Path) -> None:
    process = locust("--headless", "--arrival-rate", "100")
    output = ended(process)
    assert process.returncode == 0, output
    assert_each_phone_enrolled_once(attempts(journal))
    assert re.search(rf"EST +simpleenroll +{PHONES} +0\(0.00%\)", output)


def test_two_processes_enroll_every_phone_once_and_exit_0(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    process = locust("--headless", "--processes", "2", "--arrival-rate", "100", *on_free_port())
    output = ended(process)
    assert process.returncode == 0, output
    made = attempts(journal)
    assert_each_phone_enrolled_once(made)
    assert Counter(attempt.worker for attempt in made) == {0: PHONES // 2, 1: PHONES // 2}
    assert sum(request.method == "POST" for request in est_server.requests) == PHONES


def test_two_processes_measure_what_one_does_on_the_same_recorded_schedule(
    locust: Locust, journal: Path, tmp_path: Path, est_server: EstServer
) -> None:
    schedule = (
        "--arrivals",
        two_ways.record_schedule(tmp_path / "times.txt"),
        "--phones",
        str(two_ways.PHONES),
    )
    other = tmp_path / "other"
    other.mkdir()
    two_ways.answer_slowly(est_server)
    ended(locust("--headless", *schedule))
    options = ("--processes", "2", *on_free_port(), "--journal", str(other))
    ended(locust("--headless", *schedule, *options))
    assert [report.workers for report in read_reports(other)] == [2, 2]
    assert all(report.clock_ahead_seconds is not None for report in read_reports(other))
    for each in (journal, other):
        two_ways.assert_histograms_tell_the_exact_percentiles(each)
        two_ways.assert_no_division_changes_what_is_told(each)
    two_ways.assert_both_tell_the_same_but_for_what_the_machine_added(journal, other)


SLOW_TO_HEAR = """
from gevent.event import Event
from locust import events
from locust.runners import WorkerRunner

def be_called_before_anyone_listens(environment, runner, **_):
    if isinstance(runner, WorkerRunner):
        called = Event()
        runner.register_message("estorm_call", lambda **_: called.set())
        called.wait()
        del runner.custom_messages["estorm_call"]

events.init.add_listener(be_called_before_anyone_listens)
from loadtests.locustfile import PhoneUser
"""


def test_workers_that_locust_takes_for_ready_too_early_get_their_phones(
    locust: Locust, journal: Path, tmp_path: Path
) -> None:
    locustfile = tmp_path / "slow_to_hear.py"
    locustfile.write_text(SLOW_TO_HEAR)
    options = ("--processes", "2", "--arrival-rate", "100", *on_free_port())
    process = locust("--headless", *options, locustfile=locustfile)
    output = ended(process)
    assert process.returncode == 0, output
    assert_each_phone_enrolled_once(attempts(journal))


def test_workers_start_their_clocks_at_one_moment(locust: Locust, journal: Path) -> None:
    ended(locust("--headless", "--processes", "2", "--arrival-rate", "100", *on_free_port()))
    made = sorted(attempts(journal), key=lambda attempt: attempt.index)
    steps = [later.intended_start - earlier.intended_start for earlier, later in itertools.pairwise(made)]
    assert steps == pytest.approx([0.01] * (PHONES - 1), abs=0.005)


def test_arrivals_keep_the_rate_and_are_not_early(locust: Locust, journal: Path) -> None:
    ended(locust("--headless", "--arrival-rate", "50"))
    made = sorted(attempts(journal), key=lambda attempt: attempt.index)
    steps = [later.intended_start - earlier.intended_start for earlier, later in itertools.pairwise(made)]
    assert steps == pytest.approx([0.02] * (PHONES - 1), abs=1e-5)
    assert all(attempt.started >= attempt.intended_start for attempt in made)


def test_a_phone_starts_on_time_though_the_server_holds_all_before_it(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    async def hold(request: Request) -> Response:
        if request.method == "POST":
            await asyncio.sleep(3600)
        return est_server.est(request)

    est_server.handle = hold
    ended(locust("--headless", "--arrival-rate", "100", "--read-timeout", "1", "--users", "1"))
    made = attempts(journal)
    assert {attempt.est_error for attempt in made} == {"EST_ERR_SSL_READ"}
    assert len(made) == PHONES
    assert max(attempt.started for attempt in made) < min(attempt.done for attempt in made)


def test_a_closed_run_has_no_more_phones_under_way_than_users(locust: Locust, journal: Path) -> None:
    process = locust("--headless", "--users", "2", "--spawn-rate", "2", "--key-pool-size", "3")
    assert process.wait(60) == 0
    made = attempts(journal)
    assert_each_phone_enrolled_once(made)
    edges = sorted([(a.started, 1) for a in made] + [(a.done, -1) for a in made])
    under_way = [sum(step for _, step in edges[: n + 1]) for n in range(len(edges))]
    assert max(under_way) <= 2


def test_failed_phones_are_in_the_journal_and_in_locusts_statistics(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    def refuse(request: Request) -> Response:
        return est_server.est(request) if request.method == "GET" else Response(503)

    est_server.handle = refuse
    process = locust("--headless", "--arrival-rate", "200")
    output = ended(process)
    assert process.returncode == 1, output
    assert {attempt.est_error for attempt in attempts(journal)} == {"EST_ERR_UNKNOWN"}
    assert re.search(rf"{PHONES} +EST simpleenroll: .*EST_ERR_UNKNOWN \(94\)", output)


def test_a_run_time_ends_the_run_and_lets_phones_under_way_end(locust: Locust, journal: Path) -> None:
    process = locust(
        "--headless",
        "--arrival-rate",
        "4",
        "--run-time",
        "6",
        "--processes",
        "2",
        *on_free_port(),
    )
    output = ended(process)
    assert process.returncode == 0, output
    made = attempts(journal)
    assert 0 < len(made) < PHONES
    assert all(attempt.enrolled for attempt in made)


def test_a_phone_that_outlasts_the_run_is_ended_and_written_down(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    asked = threading.Event()

    def drip(connection: ssl.SSLSocket, over: threading.Event) -> None:
        read_request(connection)
        asked.set()
        while not over.wait(0.2):
            connection.sendall(b"x")

    with tls_peer(est_server.ca.server_tls, drip) as port:
        options = ("--arrival-rate", "9", "--phones", "1", "--read-timeout", "2")
        timers = ("--connect-timeout", "2", "--handshake-timeout", "2")
        chain = ("--lsc-chain", str(est_server.ca.trust_anchor))
        process = locust("--headless", *options, *timers, *chain, host=f"https://127.0.0.1:{port}")
        assert asked.wait(60)
        process.send_signal(signal.SIGTERM)
        ended(process)
    (attempt,) = attempts(journal)
    assert attempt.est_error == "EST_ERR_SSL_READ"
    assert attempt.reason == "waiting for the answer: the run ended before it did"


@pytest.mark.parametrize(
    ("host", "options", "complaint"),
    [
        ("", (), "no EST server"),
        ("https://127.0.0.1:1", ("--trust-anchor", "/nowhere.pem"), "/nowhere.pem"),
        ("https://127.0.0.1:1", ("--arrival-rate", "9"), "https://127.0.0.1:1 does not answer as an EST"),
    ],
    ids=["options", "files", "server"],
)
def test_bad_usage_is_one_line_and_exit_code_2(
    locust: Locust, host: str, options: tuple[str, ...], complaint: str
) -> None:
    process = locust("--headless", *options, host=host)
    output = ended(process)
    assert process.returncode == 2, output
    assert len([line for line in output.splitlines() if complaint in line]) == 1, output
    assert "Traceback" not in output


def test_bad_usage_of_several_processes_leaves_none_behind(locust: Locust) -> None:
    process = locust("--headless", "--processes", "2", *on_free_port(), host="http://no")
    output = ended(process)
    assert process.returncode == 2, output
    assert len([line for line in output.splitlines() if "http://no" in line]) == 1, output
    wait_until(lambda: not session_of(process.pid))


def session_of(pid: int) -> list[psutil.Process]:
    """Every process of the session that `pid` led, alive still."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_workers_die_with_their_master(locust: Locust, journal: Path) -> None:
    process = locust("--headless", "--processes", "2", "--arrival-rate", "1", *on_free_port())
    wait_until(lambda: attempts(journal))
    assert len(session_of(process.pid)) == 3
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    wait_until(lambda: not session_of(process.pid))


SUPERVISE = """
import os, subprocess, sys
command = [*sys.argv[1:], "--supervisor-pid", str(os.getpid())]
subprocess.Popen(command).wait()
"""


def test_locust_dies_with_its_supervisor(est_server: EstServer, lab_ca: LabCa, journal: Path) -> None:
    command = [
        sys.executable, "-c", SUPERVISE, sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless",
        "--host", est_server.url, "--trust-anchor", str(lab_ca.trust_anchor), "--key-type", "p-256",
        "--arrival-rate", "1", "--journal", str(journal), "--processes", "2",
        *on_free_port(),
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as supervisor:
        wait_until(lambda: attempts(journal))
        assert len(session_of(supervisor.pid)) == 4
        supervisor.kill()
    wait_until(lambda: not session_of(supervisor.pid))


def test_a_worker_that_joins_late_enrolls_nothing_and_is_said_to(locust: Locust, journal: Path) -> None:
    port = free_port()
    options = ("--arrival-rate", "8", "--users", "4", "--spawn-rate", "4")
    master = locust("--headless", "--master", f"--master-bind-port={port}", "--expect-workers=1", *options)
    locust("--worker", f"--master-port={port}")
    wait_until(lambda: attempts(journal))
    locust("--worker", f"--master-port={port}")
    output = ended(master)
    assert master.returncode == 0
    assert "joined after the start and enrolls nothing" in output
    assert {attempt.worker for attempt in attempts(journal)} == {0}
    assert_each_phone_enrolled_once(attempts(journal))


def test_a_worker_whose_clock_is_minutes_off_is_reported_and_measures_as_the_others_do(
    locust: Locust, journal: Path, tmp_path: Path
) -> None:
    port, began, offset_seconds = free_port(), time.time(), -300.0
    options = ("--arrival-rate", "20", "--users", "2", "--spawn-rate", "2")
    with FakeClock(tmp_path / "clock") as clock:
        clock.show(Reading(offset_seconds))
        master = locust(
            "--headless", "--master", f"--master-bind-port={port}", "--expect-workers=2", *options
        )
        locust("--worker", f"--master-port={port}")
        locust("--worker", f"--master-port={port}", environment=clock.environment)
        output = ended(master)
        ended_at = time.time()
    assert master.returncode == 0, output
    said = re.findall(r"the clock of worker \S+ is (-?[\d.]+) s ahead", output)
    assert [float(seconds) for seconds in said] == [pytest.approx(offset_seconds, abs=2)]
    ahead = sorted((report.clock_ahead_seconds or 0.0 for report in read_reports(journal)), key=abs)
    assert ahead == [pytest.approx(0, abs=2), pytest.approx(offset_seconds, abs=2)]
    made = attempts(journal)
    assert_each_phone_enrolled_once(made)
    for attempt in made:
        assert began < attempt.intended_start <= attempt.started <= attempt.done < ended_at
        assert attempt.done - attempt.intended_start < PATIENCE_SECONDS


def test_a_lost_worker_does_not_hold_up_the_run(locust: Locust, journal: Path) -> None:
    process = locust("--headless", "--processes", "2", "--arrival-rate", "10", *on_free_port())
    wait_until(lambda: {attempt.worker for attempt in attempts(journal)} == {0, 1})
    victim = psutil.Process(process.pid).children()[0]
    victim.kill()
    output = ended(process)
    assert "was lost with its phones" in output
    counts = Counter(attempt.worker for attempt in attempts(journal))
    assert max(counts.values()) == PHONES // 2
    assert min(counts.values()) < PHONES // 2


def post(url: str, **fields: str) -> None:
    data = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(url, data, timeout=30) as answer:
        assert b"true" in answer.read()


def test_the_web_page_starts_the_fleet_and_starts_it_anew(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    port = free_port()
    locust("--web-host=127.0.0.1", f"--web-port={port}", host="")
    page = f"http://127.0.0.1:{port}"

    def stopped_after(count: int) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{page}/stats/requests", timeout=5) as answer,
        ):
            return b'"stopped"' in answer.read() and len(attempts(journal)) == count
        return False

    def is_up() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(page, timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    wait_until(is_up)
    form = {"user_count": "1", "spawn_rate": "1", "host": est_server.url}
    post(f"{page}/swarm", **form, arrival_rate="200", phones="10")
    wait_until(lambda: stopped_after(10))
    post(f"{page}/swarm", **form, arrival_rate="200", phones="10")
    wait_until(lambda: stopped_after(20))
    counts = Counter((attempt.phone, attempt.attempt) for attempt in attempts(journal))
    assert set(counts.values()) == {1}
    assert {number for _, number in counts} == {1, 2}
