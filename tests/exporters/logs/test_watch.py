from pathlib import Path

from exporters.logs import families
from exporters.logs.ledger import Metered
from exporters.logs.watch import Watch
from tests.exporters.logs.reading import NOW, manner, numbers
from tests.exporters.logs.test_capf import BEGIN, GOOD, say
from tests.exporters.logs.test_iis import ROW


def watch(*places: Path, from_start: bool = False) -> Watch:
    return Watch(places, manner(), lambda: NOW, from_start=from_start)


def test_a_folder_is_followed_with_the_files_that_appear_in_it(tmp_path: Path) -> None:
    watching = watch(tmp_path)
    (tmp_path / "capf.log").write_text(f"{say('10:00:00.000', BEGIN)}\n")
    watching.poll()
    assert numbers(watching.totals)["enrollments_under_way{log=capf}"] == 1
    with (tmp_path / "capf.log").open("a") as file:
        file.write(f"{say('10:00:02.000', GOOD)}\n")
    (tmp_path / "u_ex190116.log").write_text(ROW + "\r\n")
    watching.poll()
    watching.close()
    found = numbers(watching.totals)
    assert found["enrollment_service_seconds_sum{outcome=enrolled}"] == 2
    assert found["ca_requests_total{stage=submit,status=200}"] == 1
    assert found["log_files{log=iis}"] == 1
    assert found["log_last_event_timestamp_seconds{log=iis}"] == 1_547_647_502


def test_what_was_rotated_away_by_renaming_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "capf.log"
    path.write_text(f"{say('10:00:00.000', BEGIN)}\n")
    watching = watch(tmp_path, from_start=True)
    watching.poll()
    path.rename(tmp_path / "capf.log.1")
    path.write_text(f"{say('10:00:01.000', GOOD)}\n")
    watching.poll()
    watching.poll()
    watching.close()
    found = numbers(watching.totals)
    assert found["enrollments_started_total"] == 1
    assert found["enrollments_succeeded_total"] == 1
    assert found["enrollment_service_seconds_sum{outcome=enrolled}"] == 1


def test_what_files_hold_at_the_start_is_skipped_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "u_ex190116.log").write_text(ROW + "\r\n")
    for from_start, rows in ((False, None), (True, 1)):
        watching = watch(tmp_path, from_start=from_start)
        watching.poll()
        watching.close()
        assert numbers(watching.totals).get("log_lines_total{log=iis}") == rows


def test_health_shows_files_and_the_shapes_of_unreadable_lines(tmp_path: Path) -> None:
    (tmp_path / "capf.log").write_text("password=hunter2 SEP74A02FC0A675\n")
    watching = watch(tmp_path, from_start=True)
    watching.poll()
    watching.close()
    details = watching.health().details
    assert details["files"] == {str(tmp_path / "capf.log"): "capf"}
    assert details["unreadable"] == [
        {"log": "capf", "reason": "form", "shape": "aaaaaaaa=aaaaaa9 AAA99A99AA9A999"}
    ]


def test_a_file_that_is_no_log_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("hello\n")
    watching = watch(tmp_path)
    watching.close()
    assert watching.strange == [tmp_path / "readme.txt"]
    assert not watching.health().well


def test_everything_that_is_declared_can_be_shown_and_nothing_else() -> None:
    declared = {family.name for family in families.GROUP.families}
    assert len(declared) == len(families.GROUP.families)
    named = {made.family.name for made in vars(families).values() if isinstance(made, Metered)}
    assert named == declared


def test_a_file_that_cannot_be_opened_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "capf.log").touch()
    watching = watch(tmp_path)
    assert watching.health().details["cannot_open"] == []
    watching.close()
    assert watching.health().details["cannot_open"] == [str(tmp_path / "capf.log")]
    assert not watching.health().well
