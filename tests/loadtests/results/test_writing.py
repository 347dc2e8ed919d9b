"""What a storm says when it has ended."""

import contextlib
import datetime as dt
from pathlib import Path

import msgspec
import polars as pl
import pytest

from loadtests.results.writing import describe, write_results
from loadtests.scenario import Scenario, default_scenario, parse_scenario
from loadtests.storm.counters import RA_FRONT
from loadtests.storm.course import Course
from loadtests.storm.run_folder import RunFolder, create_run_folder
from testbed.ca import database
from testbed.supervision import PartDeath
from tests.loadtests.storm.test_progress import GOOD, TIMED_OUT

TARGET = '[target]\nurl = "https://127.0.0.1:1"\n[phones]\ncount = 3\n'


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = create_run_folder("storm", dt.datetime.now(dt.UTC), tmp_path / "run")
    made.scenario.write_text("")
    return made


def scenario_of(text: str) -> Scenario:
    return msgspec.structs.replace(parse_scenario(text, "test"), seed=1)


def course_of(*attempts: object) -> Course:
    course = Course("https://127.0.0.1:1", 100.0, 111.0)
    course.attempts.extend(attempts)  # type: ignore[arg-type]
    course.cpu_seconds.update(generator=0.25)
    return course


def test_the_table_has_a_row_for_each_attempt_and_the_summary_adds_up(folder: RunFolder) -> None:
    failed = msgspec.structs.replace(TIMED_OUT, phone="SEP000000000002", index=1)
    result = write_results(scenario_of(TARGET), folder, course_of(GOOD, failed))
    assert pl.read_parquet(folder.enrollments).height == 2
    assert msgspec.structs.asdict(result.phones) == {"intended": 3, "enrolled": 1, "failed": 1, "dropped": 1}
    assert folder.report.exists()


def test_orphans_at_a_server_of_the_users_are_unknown_never_zero(folder: RunFolder) -> None:
    result = write_results(scenario_of(TARGET), folder, course_of(GOOD))
    assert result.orphans is None
    assert any("orphans: unknown" in line for line in describe(result))


def test_a_storm_in_which_nothing_happened_still_has_its_files(folder: RunFolder) -> None:
    result = write_results(scenario_of(TARGET), folder, course_of())
    assert result.phones.dropped == 3
    assert folder.summary.exists()
    assert folder.report.exists()


def test_nginxs_part_of_the_ras_cpu_time_is_kept_and_told(folder: RunFolder) -> None:
    course = course_of(GOOD)
    course.cpu_seconds.update({"ra": 3.0, RA_FRONT: 1.25, "ca": 0.5})
    result = write_results(scenario_of(TARGET), folder, course)
    assert result.cpu_seconds.ra_front == 1.25
    assert "CPU: generator 0.2 s, ra 3.0 s (NGINX 1.2 s of it), ca 0.5 s" in list(describe(result))


def test_a_dead_part_and_an_incident_are_told(folder: RunFolder) -> None:
    course = course_of(GOOD)
    course.note_deaths([PartDeath("ca", -9, ())])
    course.incidents.append("interrupted by the user")
    lines = list(describe(write_results(scenario_of(TARGET), folder, course)))
    assert "the ca ended by itself (SIGKILL)" in lines
    assert "interrupted by the user" in lines


def test_a_generator_that_had_yet_to_begin_when_the_storm_was_interrupted_is_not_called_lost(
    folder: RunFolder,
) -> None:
    course = course_of()
    course.interrupted = True
    result = write_results(scenario_of(TARGET), folder, course)
    assert result.phones.dropped == 3
    assert not any("was lost" in line for line in describe(result))
    assert "was lost" not in folder.report.read_text()


def test_a_certificate_that_no_phone_holds_is_an_orphan(folder: RunFolder) -> None:
    with contextlib.closing(database.open_for_service(folder.database)) as connection:
        for number, serial in enumerate([GOOD.serial, "2b"], start=1):
            connection.execute(
                "INSERT INTO requests VALUES "
                "(?, 1, 'r', 't', 's', 'issued', 0, '', x'', 1, x'00', ?, 2, NULL, NULL)",
                (number, serial),
            )
        connection.commit()
    assert write_results(default_scenario(), folder, course_of(GOOD)).orphans == 1
