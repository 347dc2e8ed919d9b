import asyncio
import concurrent.futures
import re
import socket
import sqlite3
import ssl
from pathlib import Path

import httpx
import msgspec
import pytest

from testbed.ca import database
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, EmpiricalTime
from testbed.ca.settings import CaSettings
from testbed.errors import DatabaseError, PartFailed, PkiError, SettingsError
from tests.mock_ca import PASSWORD, MockCa, basic_client, enroll_form, mock_ca, part_settings, running_part
from tests.testbed.full_disk import files_no_longer_than


@pytest.mark.parametrize("setting", ["port", "management_port"])
def test_a_busy_port_is_named_with_its_setting(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = CaSettings(port=port) if setting == "port" else CaSettings(management_port=port)
        with (
            pytest.raises(PartFailed, match=rf":{port}: .*set ca\.{setting} to a free port"),
            mock_ca(tmp_path, settings),
        ):
            pass


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    part = part_settings(tmp_path, CaSettings())
    part.database.write_text("this is a text file, and long enough to be taken for a database of SQLite" * 20)
    with pytest.raises(DatabaseError, match=r"ca\.sqlite"), running_part(part):
        pass


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    part = part_settings(tmp_path, CaSettings())
    with sqlite3.connect(part.database) as theirs:
        theirs.execute("CREATE TABLE precious (value)")
    theirs.close()
    with pytest.raises(DatabaseError, match="not a CA database"), running_part(part):
        pass


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    part = part_settings(tmp_path, CaSettings())
    part.issuing_key.write_text("no key")
    with pytest.raises(PkiError, match=r"root\.key"), running_part(part):
        pass


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    part = part_settings(tmp_path, CaSettings())
    swapped = msgspec.structs.replace(part, issuing_key=part.server_key)
    with pytest.raises(PkiError, match="not for the key"), running_part(swapped):
        pass


def test_a_missing_file_of_samples_is_named(tmp_path: Path) -> None:
    capacity = CapacitySettings(form=EmpiricalTime(str(tmp_path / "none")))
    with pytest.raises(SettingsError, match="none"), mock_ca(tmp_path, CaSettings(capacity=capacity)):
        pass


def test_ids_go_on_where_the_last_process_stopped(tmp_path: Path) -> None:
    part = part_settings(tmp_path, CaSettings())
    for _ in range(3):
        with mock_ca(tmp_path) as ca, basic_client(ca) as client:
            client.post("certfnsh.asp", data=enroll_form())
            client.post("certfnsh.asp", data=enroll_form(template="Nope"))
    assert [each.request_id for each in database.issued(part.database)] == [1, 3, 5]


def test_issued_certificates_are_listed_for_another_process(tmp_path: Path) -> None:
    with mock_ca(tmp_path) as ca, basic_client(ca) as client:
        client.post("certfnsh.asp", data=enroll_form())
        (issued,) = database.issued(ca.part.database)
    assert (issued.subject, issued.requester) == ("CN=SEP001122334455", r"ESTORM\ciscora")
    assert re.fullmatch(r"52[0-9a-f]{36}", issued.serial)


def test_an_unbounded_ca_is_a_fast_one_and_its_metrics_show_the_stages(tmp_path: Path) -> None:
    with mock_ca(tmp_path) as ca, basic_client(ca) as client:
        client.get("certrqxt.asp")
        client.post("certfnsh.asp", data=enroll_form())
        metrics = httpx.get(ca.addresses["metrics"]).text
    assert 'estorm_ca_requests_total{stage="form",status="200"} 1.0' in metrics
    assert 'estorm_ca_dispositions_total{disposition="issued"} 1.0' in metrics
    assert 'estorm_ca_logins_total{outcome="good",scheme="basic"} 2.0' in metrics
    assert "process_cpu_seconds_total" in metrics


def test_a_certificate_that_nobody_has_come_for_is_shown_until_somebody_does(tmp_path: Path) -> None:
    with mock_ca(tmp_path) as ca, basic_client(ca) as client:
        for _ in range(2):
            client.post("certfnsh.asp", data=enroll_form())
        before = httpx.get(ca.addresses["metrics"]).text
        client.get("certnew.cer", params={"ReqID": "1", "Enc": "b64"})
        after = httpx.get(ca.addresses["metrics"]).text
    assert "estorm_ca_certificates_unfetched 2.0" in before
    assert "estorm_ca_certificates_unfetched 1.0" in after


def test_a_slow_stage_is_slow_and_shown(tmp_path: Path) -> None:
    capacity = CapacitySettings(workers=1, form=ConstantTime(0.1))
    with mock_ca(tmp_path, CaSettings(capacity=capacity)) as ca, basic_client(ca) as client:
        assert client.get("certrqxt.asp").elapsed.total_seconds() >= 0.1
        metrics = httpx.get(ca.addresses["metrics"]).text
    assert 'estorm_ca_service_seconds_count{stage="form"} 1.0' in metrics
    assert 'estorm_ca_in_service{stage="form"} 0.0' in metrics


@pytest.mark.parametrize(
    ("bounds", "status"), [(CapacitySettings(kernel_queue=1), 503), (CapacitySettings(page_queue=1), 500)]
)
def test_a_full_queue_answers_as_iis_does(tmp_path: Path, bounds: CapacitySettings, status: int) -> None:
    capacity = msgspec.structs.replace(bounds, workers=1, form=ConstantTime(1.0))
    with mock_ca(tmp_path, CaSettings(capacity=capacity)) as ca:
        assert sorted(_at_once(ca, 3)) == [200, 200, status]


def _at_once(ca: MockCa, count: int) -> list[int]:
    async def run() -> list[int]:
        trust = ssl.create_default_context(cafile=ca.trust_anchor)
        async with httpx.AsyncClient(auth=(ca.account, PASSWORD), verify=trust) as client:
            answers = await asyncio.gather(*(client.get(f"{ca.certsrv}/certrqxt.asp") for _ in range(count)))
        return [answer.status_code for answer in answers]

    return asyncio.run(run())


def test_a_submission_without_a_database_session_is_denied(tmp_path: Path) -> None:
    capacity = CapacitySettings(database_sessions=1, signing=ConstantTime(1.0))
    with (
        mock_ca(tmp_path, CaSettings(capacity=capacity)) as ca,
        basic_client(ca) as client,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        posts = [pool.submit(client.post, "certfnsh.asp", data=enroll_form()) for _ in range(2)]
        pages = [post.result().text for post in posts]
    assert sum("Certificate Issued" in page for page in pages) == 1
    assert sum("Denied by Policy Module  0x8009400f" in page for page in pages) == 1


def test_a_client_that_hangs_up_leaves_an_orphan_and_a_row_that_says_so(tmp_path: Path) -> None:
    capacity = CapacitySettings(submit=ConstantTime(0.2))
    with mock_ca(tmp_path, CaSettings(capacity=capacity)) as ca, basic_client(ca) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("certfnsh.asp", data=enroll_form(), timeout=0.05)
        (row,) = ca.log_rows(1)
        assert row[11:14] == ["200", "0", "64"]
        assert len(database.issued(ca.part.database)) == 1


def test_a_full_disk_is_told_on_the_page_and_the_ca_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with mock_ca(tmp_path) as ca, basic_client(ca) as client:
        with files_no_longer_than(0):
            for _ in range(2):
                page = client.post("certfnsh.asp", data=enroll_form())
                assert page.status_code == 200
                assert (
                    "There is not enough space on the disk. 0x80070070 (-2147024784 ERROR_DISK_FULL)"
                    in page.text
                )
                assert "(never set)" in page.text
        assert "Certificate Issued" in client.post("certfnsh.asp", data=enroll_form()).text
        assert len(database.issued(ca.part.database)) == 1
