import base64
import gc
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.capf.enroller import Enroller, Phones, Records
from loadtests.capf.trace import CapfTrace
from loadtests.errors import EnrollmentFailed
from loadtests.est.client import EstClient, EstTarget
from loadtests.est.lsc import LscCheck
from loadtests.phones.keys import KeyFile, make_key_file
from loadtests.phones.phone import PhoneNames
from loadtests.results.journal import JournalReader, JournalWriter
from loadtests.scenario import KeyType, Operation
from testbed.web.messages import Response
from tests.loadtests.capf.test_trace import FINISH_BY
from tests.loadtests.est_server import ENROLL_TYPE, EstServer, LabCa


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyFile]:
    path = tmp_path_factory.mktemp("keys") / "keys"
    make_key_file(path, KeyType.P_256, 3)
    with KeyFile(path) as file:
        yield file


@pytest.fixture
def enroller(est_server: EstServer, lab_ca: LabCa, keys: KeyFile, journal: Path) -> Iterator[Enroller]:
    client = EstClient(EstTarget("127.0.0.1", est_server.port), lab_ca.client_tls)
    writer = JournalWriter(journal / "attempts-2.jsonl")
    with writer, CapfTrace(journal / "capf.log", KeyType.P_256, FINISH_BY) as trace:
        records = Records(2, writer, trace)
        phones = Phones(PhoneNames(1), keys)
        yield Enroller(phones, client, LscCheck([lab_ca.certificate]), records, time.time)


def test_an_enrolled_phone_is_in_journal_and_trace(enroller: Enroller, journal: Path) -> None:
    attempt, lsc = enroller.enroll(1, Operation.INSTALL, intended_start=1.5)
    assert lsc is not None
    assert [attempt] == list(JournalReader(journal).new())
    assert (attempt.phone, attempt.index, attempt.worker) == (PhoneNames(1).name(1), 1, 2)
    assert (attempt.est_error, attempt.est_code, attempt.http_status) == ("EST_ERR_NONE", 0, 200)
    assert (attempt.operation, attempt.attempt, attempt.intended_start) == ("install", 1, 1.5)
    assert (attempt.serial, attempt.reason) == (lsc.serial, "")
    trace = (journal / "capf.log").read_text()
    assert trace.count("with pkcs7 length = ") == 1
    assert "Online Cert Signing successful" in trace


def test_every_stage_of_a_good_enrollment_has_its_time_and_they_fit_into_the_whole(
    enroller: Enroller,
) -> None:
    attempt, _ = enroller.enroll(0, Operation.INSTALL, time.time())
    stages = [
        attempt.connect_seconds, attempt.tls_seconds, attempt.send_seconds, attempt.wait_seconds,
        attempt.read_seconds, attempt.check_seconds,
    ]  # fmt: skip
    taken = [seconds for seconds in stages if seconds is not None and seconds >= 0]
    assert len(taken) == 6
    assert sum(taken) <= attempt.done - attempt.started


def test_a_renewal_posts_to_simplereenroll(enroller: Enroller, est_server: EstServer) -> None:
    attempt, _ = enroller.enroll(0, Operation.RENEW, time.time(), number=2)
    assert est_server.requests[-1].path.endswith("/simplereenroll")
    assert (attempt.operation, attempt.attempt) == ("renew", 2)


def test_a_refused_phone_has_its_error_and_reason(
    enroller: Enroller, est_server: EstServer, journal: Path
) -> None:
    est_server.handle = lambda _: Response(401, body=b"Error 401: Unauthorized")
    attempt, lsc = enroller.enroll(0, Operation.INSTALL, time.time())
    assert lsc is None
    assert (attempt.est_error, attempt.est_code, attempt.http_status) == ("EST_ERR_AUTH_FAIL", 22, 401)
    assert attempt.reason == "HTTP 401: Error 401: Unauthorized"
    assert (attempt.serial, attempt.check_seconds) == (None, None)
    assert "Return value from enrollCertUsingEST() : 22" in (journal / "capf.log").read_text()


def test_garbage_behind_a_200_is_a_failed_enrollment(
    enroller: Enroller, est_server: EstServer, journal: Path
) -> None:
    body = base64.encodebytes(b"certainly no certificate")
    est_server.handle = lambda _: Response(200, (("Content-Type", ENROLL_TYPE),), body)
    attempt, lsc = enroller.enroll(0, Operation.INSTALL, time.time())
    assert lsc is None
    assert (attempt.enrolled, attempt.est_error, attempt.http_status) == (False, "EST_ERR_BAD_X509", 200)
    trace = (journal / "capf.log").read_text()
    assert f"Enrollment rv = 0 (EST_ERR_NONE) with pkcs7 length = {len(body)}" in trace
    assert "Online Cert Signing Failed" in trace


@pytest.mark.parametrize("kind", [ENROLL_TYPE, "text/html"])
def test_a_failure_leaves_nothing_to_the_garbage_collector(
    enroller: Enroller, est_server: EstServer, kind: str
) -> None:
    est_server.handle = lambda _: Response(200, (("Content-Type", kind),), b"certainly no certificate")
    gc.collect()
    gc.disable()
    try:
        assert not enroller.enroll(0, Operation.INSTALL, time.time())[0].enrolled
        assert [each for each in gc.get_objects() if isinstance(each, EnrollmentFailed)] == []
    finally:
        gc.enable()


def test_a_phone_that_gets_another_phones_certificate_is_not_enrolled(
    enroller: Enroller, est_server: EstServer
) -> None:
    enroller.enroll(0, Operation.INSTALL, time.time())
    first = est_server.requests[-1]
    est_server.handle = lambda _: est_server.est(first)
    attempt, lsc = enroller.enroll(1, Operation.INSTALL, time.time())
    assert (lsc, attempt.est_error) == (None, "EST_ERR_X509_PUBKEY")


def test_a_dead_server_leaves_the_stages_it_did_not_reach_without_time(lab_ca: LabCa, keys: KeyFile) -> None:
    client = EstClient(EstTarget("127.0.0.1", 1), lab_ca.client_tls)
    phones = Phones(PhoneNames(1), keys)
    enroller = Enroller(phones, client, LscCheck([lab_ca.certificate]), Records(), time.time)
    attempt, _ = enroller.enroll(0, Operation.INSTALL, time.time())
    assert attempt.est_error == "EST_ERR_IP_CONNECT"
    assert (attempt.connect_seconds, attempt.sent, attempt.http_status) == (None, None, None)


def test_a_fleet_whose_second_half_is_driven_elsewhere_uses_each_of_its_keys(keys: KeyFile) -> None:
    phones = Phones(PhoneNames(1), keys, indexes_per_key=2)
    publics = {phones.phone(index).key.public_key().public_numbers() for index in (0, 2, 4)}
    assert len(publics) == 3


def test_plain_processes_can_use_the_modules_without_locust() -> None:
    modules = "capf.enroller, capf.trace, est.client, est.lsc, phones.phone, phones.keys, arrivals.schedule"
    imports = "; ".join(f"import loadtests.{module}" for module in modules.split(", "))
    code = f"{imports}; import sys; print('gevent' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"False\s*", shown.stdout)
