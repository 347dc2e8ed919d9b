"""Faults, switched on at the management port and felt at the other one."""

import errno
import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from testbed.ca import database
from testbed.ca.faults import Fault, FaultBoard, FaultPlan
from testbed.ca.settings import CaSettings
from tests.mock_ca import MockCa, basic_client, csr_pem, enroll_form, make_csr, mock_ca


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCa]:
    with mock_ca(tmp_path_factory.mktemp("ca")) as running:
        yield running


@pytest.fixture
def ca(shared: MockCa) -> Iterator[MockCa]:
    yield shared
    httpx.delete(f"{shared.addresses['management']}/faults")


@pytest.fixture
def client(ca: MockCa) -> Iterator[httpx.Client]:
    with basic_client(ca) as made:
        yield made


def manage(ca: MockCa, method: str, path: str = "/faults", body: object = None) -> httpx.Response:
    return httpx.request(method, f"{ca.addresses['management']}{path}", json=body)


def inject(ca: MockCa, kind: str, stage: str = "any", **more: object) -> None:
    answer = manage(ca, "POST", body={"kind": kind, "stage": stage, **more})
    assert answer.status_code == 201, answer.text


def injected(ca: MockCa) -> list[int]:
    return [each["injected"] for each in manage(ca, "GET").json()["faults"]]


@pytest.mark.parametrize(
    ("kind", "status"), [("unauthorized", 401), ("forbidden", 403), ("error", 500), ("unavailable", 503)]
)
def test_a_status_fault_answers_with_its_status(
    ca: MockCa, client: httpx.Client, kind: str, status: int
) -> None:
    inject(ca, kind, "form")
    assert client.get("certrqxt.asp").status_code == status
    assert client.get("default.asp").status_code == 200


def test_unavailable_says_when_to_come_back(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "unavailable", retry_after_seconds=7)
    assert client.get("certrqxt.asp").headers["retry-after"] == "7"


def test_empty_is_a_200_of_no_bytes(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "empty", "form")
    answer = client.get("certrqxt.asp")
    assert (answer.status_code, answer.content) == (200, b"")


def test_cut_ends_in_the_middle_of_the_body(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "cut", "form", body_share=0.5)
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        client.get("certrqxt.asp")


def test_reset_breaks_the_connection(ca: MockCa) -> None:
    inject(ca, "reset", "form")
    context = ssl.create_default_context(cafile=ca.trust_anchor)
    with (
        socket.create_connection((ca.host, ca.port), timeout=5) as tcp,
        context.wrap_socket(tcp, server_hostname=ca.host) as tls,
    ):
        tls.sendall(b"GET /certsrv/certrqxt.asp HTTP/1.1\r\nHost: x\r\n\r\n")
        hung_up = select.poll()
        hung_up.register(tls, 0)
        assert hung_up.poll(5000)
        # OpenSSL 3.0 tells a reset as an end of file, so the socket itself is asked.
        assert tls.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


def test_hang_sends_nothing_until_it_is_ended(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "hang", "form")
    with pytest.raises(httpx.ReadTimeout):
        client.get("certrqxt.asp", timeout=0.2)
    manage(ca, "DELETE")
    assert client.get("certrqxt.asp").status_code == 200


def test_delay_makes_an_answer_late(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "delay", "form", seconds=0.15)
    assert client.get("certrqxt.asp").elapsed.total_seconds() >= 0.15


def test_cold_start_is_slow_once(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "cold_start", "form", seconds=0.15)
    assert client.get("certrqxt.asp").elapsed.total_seconds() >= 0.15
    client.get("certrqxt.asp")
    assert injected(ca) == [1]


def test_cold_challenge_refuses_the_first_credentials_with_the_page_of_iis(
    ca: MockCa, client: httpx.Client
) -> None:
    inject(ca, "cold_challenge", "form")
    answer = client.get("certrqxt.asp")
    assert (answer.status_code, len(answer.content)) == (401, 1293)
    assert client.get("certrqxt.asp").status_code == 200


def test_wrong_type_and_html_spoil_a_download(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "wrong_type", "download")
    answer = client.get("certnew.cer?ReqID=CACert")
    assert answer.headers["content-type"] == "application/octet-stream"
    manage(ca, "DELETE")
    inject(ca, "html", "download")
    assert "Disposition message:" in client.get("certnew.cer?ReqID=CACert").text


@pytest.mark.parametrize("encoding", ["b64", "bin"])
def test_wrong_key_is_the_same_certificate_for_another_key(
    ca: MockCa, client: httpx.Client, encoding: str
) -> None:
    client.post("certfnsh.asp", data=enroll_form())
    newest = database.issued(ca.part.database)[-1]
    inject(ca, "wrong_key", "download")
    body = client.get(f"certnew.cer?ReqID={newest.request_id}&Enc={encoding}").content
    load = x509.load_pem_x509_certificate if encoding == "b64" else x509.load_der_x509_certificate
    certificate = load(body)
    assert format(certificate.serial_number, "x") == newest.serial
    assert certificate.public_key() != make_csr().public_key()


@pytest.mark.parametrize(("kind", "title"), [("pending", "Pending"), ("denied", "Request Denied")])
def test_a_submission_ends_otherwise(ca: MockCa, client: httpx.Client, kind: str, title: str) -> None:
    inject(ca, kind, "submit")
    before = len(database.issued(ca.part.database))
    assert f"Certificate {title}" in client.post("certfnsh.asp", data=enroll_form(csr_pem())).text
    assert len(database.issued(ca.part.database)) == before


def test_tls_stall_takes_the_hello_and_says_nothing(ca: MockCa) -> None:
    inject(ca, "tls_stall")
    context = ssl.create_default_context(cafile=ca.trust_anchor)
    with socket.create_connection((ca.host, ca.port), timeout=0.3) as tcp, pytest.raises(TimeoutError):
        context.wrap_socket(tcp, server_hostname=ca.host)
    manage(ca, "DELETE")
    with (
        socket.create_connection((ca.host, ca.port), timeout=5) as tcp,
        context.wrap_socket(tcp, server_hostname=ca.host) as tls,
    ):
        assert tls.version()


def test_get_shows_what_is_active_and_delete_ends_one(ca: MockCa) -> None:
    inject(ca, "delay", "form", seconds=1)
    inject(ca, "reset", "submit", probability=0.5)
    first, second = manage(ca, "GET").json()["faults"]
    assert (first["fault"]["kind"], second["fault"]["probability"]) == ("delay", 0.5)
    assert manage(ca, "DELETE", f"/faults/{first['id']}").status_code == 200
    assert [each["id"] for each in manage(ca, "GET").json()["faults"]] == [second["id"]]


def test_put_replaces_everything(ca: MockCa) -> None:
    inject(ca, "delay")
    plan = {"seed": 9, "faults": [{"kind": "error", "stage": "submit"}]}
    shown = manage(ca, "PUT", body=plan).json()
    assert (shown["seed"], [each["fault"]["kind"] for each in shown["faults"]]) == (9, ["error"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "why"),
    [
        ("POST", "/faults", {"kind": "explode"}, 400, "explode"),
        ("POST", "/faults", {"kind": "delay", "second": 1}, 400, "second"),
        ("PUT", "/faults", {"faults": [{"kind": "delay", "probability": 2}]}, 400, "probability"),
        ("DELETE", "/faults/999", None, 404, "999"),
        ("GET", "/nothing", None, 404, "/faults"),
        ("PATCH", "/faults", {}, 405, "PATCH"),
    ],
)
def test_a_wrong_order_is_refused_with_the_reason(
    ca: MockCa, method: str, path: str, body: object, status: int, why: str
) -> None:
    answer = manage(ca, method, path, body)
    assert answer.status_code == status
    assert why in answer.json()["error"]


def test_faults_are_counted_by_stage_and_kind(ca: MockCa, client: httpx.Client) -> None:
    inject(ca, "error", "form")
    client.get("certrqxt.asp")
    assert 'estorm_ca_faults_total{fault="error",stage="form"}' in httpx.get(ca.addresses["metrics"]).text


def test_faults_can_be_there_from_the_start(tmp_path: Path) -> None:
    plan = FaultPlan(faults=(Fault(kind="error", stage="form"),))
    with mock_ca(tmp_path, CaSettings(faults=plan)) as ca, basic_client(ca) as client:
        assert client.get("certrqxt.asp").status_code == 500


def strikes(seed: int, probability: float, count: int = 0) -> list[bool]:
    plan = FaultPlan(seed=seed, faults=(Fault(kind="error", probability=probability, count=count),))
    board = FaultBoard(plan, lambda _stage, _kind: None)
    return [board.strikes_late("form") is not None for _ in range(2000)]


def test_a_seed_decides_which_requests_are_struck() -> None:
    assert strikes(1, 0.3) == strikes(1, 0.3) != strikes(2, 0.3)
    assert sum(strikes(1, 0.3)) == pytest.approx(600, rel=0.1)


def test_a_count_ends_a_fault() -> None:
    assert sum(strikes(1, 1.0, count=3)) == 3
