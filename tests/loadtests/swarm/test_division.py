"""A fleet divided among the workers of a master. Locust replaces sockets: never in this process."""

import itertools
import re
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from chaos.clock.faketime import FakeClock
from chaos.system import Reading
from loadtests.swarm.worker_report import read_reports
from tests.loadtests import two_ways
from tests.loadtests.est_server import EstServer
from tests.loadtests.locusts import (
    PHONES,
    Locust,
    assert_each_phone_enrolled_once,
    attempts,
    ended,
    free_port,
    on_free_port,
    wait_for,
)

pytestmark = pytest.mark.long

PATIENCE_SECONDS = 30.0


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


def test_a_worker_that_joins_late_enrolls_nothing_and_is_said_to(locust: Locust, journal: Path) -> None:
    port = free_port()
    options = ("--arrival-rate", "8", "--users", "4", "--spawn-rate", "4")
    master = locust("--headless", "--master", f"--master-bind-port={port}", "--expect-workers=1", *options)
    locust("--worker", f"--master-port={port}")
    wait_for(lambda: attempts(journal))
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
    wait_for(lambda: {attempt.worker for attempt in attempts(journal)} == {0, 1})
    victim = psutil.Process(process.pid).children()[0]
    victim.kill()
    output = ended(process)
    assert "was lost with its phones" in output
    counts = Counter(attempt.worker for attempt in attempts(journal))
    assert max(counts.values()) == PHONES // 2
    assert min(counts.values()) < PHONES // 2
