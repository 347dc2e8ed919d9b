"""The table is read as its users read it: with SQL."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from loadtests.capf.device_spool import SpooledCsr, SpooledLsc
from loadtests.capf.device_table import DeviceSettings, DeviceTable, existing_table
from loadtests.errors import ScenarioError
from loadtests.phones.roster import Start
from loadtests.phones.settings import AuthenticationMode
from loadtests.results.journal import Attempt
from loadtests.scenario import KeyType
from tests.loadtests.attempts import enrolled, failed, retry
from tests.testbed.full_disk import files_no_longer_than

SETTINGS = DeviceSettings(KeyType.RSA_2048, AuthenticationMode.AUTH_BY_STR, 1_800_000_000.0)
TRIES = 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "capf.sqlite"


@pytest.fixture
def table(path: Path) -> Iterator[DeviceTable]:
    with DeviceTable.create(path, ((index, f"SEP{index:012X}") for index in range(3)), SETTINGS) as made:
        yield made


def row(path: Path, index: int = 0) -> dict[str, object]:
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute("SELECT * FROM device WHERE phone_index = ?", (index,)).fetchone()
    connection.close()
    return dict(found)


def spooled(attempt: Attempt) -> SpooledLsc:
    return SpooledLsc(attempt, b"lsc")


def test_a_new_device_has_the_guides_words(table: DeviceTable, path: Path) -> None:
    assert table.remaining(TRIES) == [Start(0), Start(1), Start(2)]
    assert row(path) == {
        "phone_index": 0, "name": "SEP000000000000", "key_size": "KEY_SIZE_2048", "ec_key_size": "INVALID",
        "key_order": "KEYORDER_RSA_ONLY", "authentication_mode": "AUTH_BY_STR",
        "operation": "OPERATION_UPGRADE", "operation_status": "CERT_STATUS_OPERATION_PENDING",
        "state": "CAPF_STATE_IDLE", "finish_by": 1_800_000_000.0, "attempts": 0, "est_error": None,
        "updated_at": None, "csr": None, "lsc": None, "serial": None,
    }  # fmt: skip


def test_a_request_under_way_waits_for_the_ca(table: DeviceTable, path: Path) -> None:
    table.update([SpooledCsr(0, 1, b"csr")], [], TRIES)
    assert (row(path)["state"], row(path)["csr"]) == ("CAPF_STATE_AWAIT_CA_CERT_RESP", b"csr")
    assert table.never_tried() == 2


def test_the_csr_goes_when_the_lsc_is_stored(table: DeviceTable, path: Path) -> None:
    table.update([SpooledCsr(0, 1, b"csr"), spooled(enrolled(0))], [enrolled(0)], TRIES)
    device = row(path)
    assert (device["csr"], device["lsc"], device["serial"]) == (None, b"lsc", enrolled(0).serial)
    assert (device["operation"], device["operation_status"], device["state"]) == (
        "OPERATION_NONE", "CERT_STATUS_UPGRADE_SUCCESS", "CAPF_STATE_IDLE",
    )  # fmt: skip
    assert table.enrolled() == [0]
    assert table.lsc(0) == b"lsc"


def test_a_failed_request_stays_and_may_be_tried_again(table: DeviceTable, path: Path) -> None:
    table.update([SpooledCsr(0, 1, b"csr")], [failed(0)], TRIES)
    device = row(path)
    assert (device["csr"], device["est_error"]) == (b"csr", "EST_ERR_SSL_READ")
    assert (device["operation"], device["operation_status"]) == (
        "OPERATION_UPGRADE", "CERT_STATUS_UPGRADE_FAILED",
    )  # fmt: skip
    assert table.remaining(TRIES)[0] == Start(0, 2)


def test_a_device_out_of_tries_has_no_operation_left(table: DeviceTable, path: Path) -> None:
    table.update([], [failed(0)], 1)
    assert row(path)["operation"] == "OPERATION_NONE"
    assert table.remaining(1) == [Start(1), Start(2)]


def test_an_attempt_that_never_ended_is_made_again_with_its_number(table: DeviceTable) -> None:
    table.update([SpooledCsr(0, 1, b"csr"), SpooledCsr(0, 2, b"csr")], [failed(0)], TRIES)
    assert table.remaining(TRIES)[0] == Start(0, 2)


def test_the_same_records_twice_change_nothing(table: DeviceTable, path: Path) -> None:
    records: list[SpooledCsr | SpooledLsc] = [
        SpooledCsr(0, 1, b"a"),
        SpooledCsr(0, 2, b"b"),
        spooled(retry(enrolled(0), 2)),
        SpooledCsr(1, 1, b"c"),
    ]
    attempts = [failed(0), retry(enrolled(0), 2), failed(1)]
    table.update(records, attempts, TRIES)
    before = [row(path, index) for index in range(3)]
    table.update(records, attempts, TRIES)
    assert [row(path, index) for index in range(3)] == before


def test_an_empty_batch_costs_no_transaction(table: DeviceTable, path: Path) -> None:
    before = row(path)
    table.update([], [msgspec.structs.replace(enrolled(0))], TRIES)
    assert row(path) == before


def test_a_closed_table_is_one_file_and_can_be_read_by_others(path: Path) -> None:
    with DeviceTable.create(path, [(0, "SEP0"), (1, "SEP1")], SETTINGS) as made:
        made.update([spooled(enrolled(1))], [], TRIES)
    assert [each.name for each in path.parent.iterdir()] == ["capf.sqlite"]
    with existing_table(path, read_only=True) as again:
        assert again.enrolled() == [1]
        with pytest.raises(ScenarioError, match="no LSC for phone 0"):
            again.lsc(0)


def test_a_file_that_is_no_device_table_is_named(path: Path) -> None:
    for content in (b"", b"certainly no database" * 100):
        path.write_bytes(content)
        with pytest.raises(ScenarioError, match=str(path)), existing_table(path):
            pass
    path.unlink()
    with pytest.raises(ScenarioError, match="there is no device table"), existing_table(path):
        pass


def test_a_full_disk_is_one_clear_error(table: DeviceTable) -> None:
    csr = SpooledCsr(0, 1, bytes(100_000))
    with files_no_longer_than(10_000), pytest.raises(ScenarioError, match="cannot use the device table"):
        table.update([csr], [], 1)
