"""Orphans from both of a CA's records, written by the mock CA's own code."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from loadtests.errors import ScenarioError
from loadtests.results.journal import Attempt
from loadtests.results.orphans import CaRecords, Mark, Orphans, Source, read_mark, served
from testbed.ca import database
from testbed.ca.records import Disposition, RequestRecord
from testbed.ca.w3c_log import Row, W3cLog
from tests.loadtests.attempts import START, enrolled, failed

MOMENT = dt.datetime(2026, 1, 16, 14, 5, 2, tzinfo=dt.UTC)


def issue(path: Path, *serials: str) -> None:
    connection = database.open_for_service(path)
    first = database.last_id(connection) + 1
    for number, serial in enumerate(serials, start=first):
        record = RequestRecord(
            number,
            START,
            "LAB\\ra",
            "T",
            "CN=x",
            Disposition.ISSUED,
            0,
            "Issued",
            b"csr",
            START,
            b"der",
            serial,
        )
        connection.execute(database.INSERT, database.row_of(record))
    connection.close()


def holding(serial: str) -> Attempt:
    return msgspec.structs.replace(enrolled(), serial=serial)


def test_certificates_that_no_phone_holds_are_counted_in_the_database(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa", "bb", "cc")
    orphans = CaRecords(path).orphans([holding("bb"), failed(1)], Mark())
    assert orphans == Orphans(2, Source.DATABASE)


def test_certificates_from_before_the_run_are_nobodys_orphans(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa", "bb")
    mark = CaRecords(path).mark()
    issue(path, "cc", "dd")
    assert CaRecords(path).orphans([holding("dd")], mark) == Orphans(1, Source.DATABASE)


def write_log(directory: Path, *requests: tuple[str, str, str, int]) -> Path:
    log = W3cLog(directory, lambda: MOMENT)
    for method, stem, query, status in requests:
        log.write(
            Row(
                "10.0.0.1",
                method,
                stem,
                query,
                443,
                "LAB\\ra",
                "10.0.0.2",
                "CiscoRA 1.0",
                "",
                status,
                0,
                0,
                15,
            )
        )
    log.close()
    return directory / "u_ex260116.log"


LOGIN = ("GET", "/certsrv", "", 401)
SUBMIT = ("POST", "/certsrv/certfnsh.asp", "", 200)
FAILED_SUBMIT = ("POST", "/certsrv/certfnsh.asp", "", 500)


def fetch(request_id: int) -> tuple[str, str, str, int]:
    return ("GET", "/certsrv/certnew.cer", f"ReqID={request_id}&ENC=b64", 200)


def test_orphans_are_estimated_from_the_log(tmp_path: Path) -> None:
    path = write_log(tmp_path, LOGIN, SUBMIT, fetch(1), LOGIN, SUBMIT, FAILED_SUBMIT)
    assert CaRecords(log=path).orphans([enrolled()], Mark()) == Orphans(1, Source.LOG)


def test_a_certificate_fetched_twice_is_one(tmp_path: Path) -> None:
    assert served(write_log(tmp_path, fetch(1), fetch(1), fetch(2)), Mark()) == 2


def test_only_rows_since_the_run_began_count_unless_the_log_is_a_new_one(tmp_path: Path) -> None:
    path = write_log(tmp_path, SUBMIT, SUBMIT, SUBMIT)
    mark = CaRecords(log=path).mark()
    write_log(tmp_path, SUBMIT)
    assert served(path, mark) == 1
    path.unlink()
    write_log(tmp_path, SUBMIT)
    assert served(path, mark) == 1


def test_a_log_with_fields_in_another_order_is_read_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "ex.log"
    path.write_text(
        "#Fields: sc-status cs-uri-query cs-method cs-uri-stem\n200 - POST /CertSrv/certfnsh.asp\n"
    )
    assert served(path, Mark()) == 1
    path.write_text("#Fields: date time\n2026-01-16 14:05:02\n")
    assert served(path, Mark()) == 0


def test_without_records_orphans_are_unknown_and_not_zero() -> None:
    assert CaRecords().orphans([enrolled()], Mark()) == Orphans(None, Source.NOTHING)


@pytest.mark.parametrize(("records", "option"), [("database", "--ca-database"), ("log", "--ca-log")])
def test_a_record_that_is_not_there_is_named(tmp_path: Path, records: str, option: str) -> None:
    gone = tmp_path / "gone"
    given = CaRecords(database=gone) if records == "database" else CaRecords(log=gone)
    with pytest.raises(ScenarioError, match=f"{option}.*{gone}"):
        given.mark()


def test_a_mark_is_kept_for_a_resumed_run(tmp_path: Path) -> None:
    path = tmp_path / "ca_mark.json"
    assert read_mark(path) == Mark()
    Mark(7, 900).write(path)
    assert read_mark(path) == Mark(7, 900)
