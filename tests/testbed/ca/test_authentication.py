"""The rows of IIS for every way to log in, or to fail."""

import base64
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from testbed.ca.settings import CaSettings, ExtraAccount
from testbed.ntlm.initiator import Initiator
from tests.mock_ca import PASSWORD, MockCa, mock_ca

FORM = "/certsrv/certrqxt.asp"


class Connection:
    """One TLS connection that sends whole requests and reads whole answers."""

    def __init__(self, ca: MockCa) -> None:
        context = ssl.create_default_context(cafile=ca.trust_anchor)
        tcp = socket.create_connection((ca.host, ca.port), timeout=5)
        self.tls = context.wrap_socket(tcp, server_hostname=ca.host)
        self._file = self.tls.makefile("rb")

    def get(self, authorization: str = "", more: str = "") -> tuple[int, dict[str, list[str]]]:
        header = f"Authorization: {authorization}\r\n" if authorization else ""
        self.tls.sendall(f"GET {FORM} HTTP/1.1\r\nHost: x\r\n{header}{more}\r\n".encode())
        status = int(self._file.readline().split()[1])
        headers: dict[str, list[str]] = {}
        while line := self._file.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers.setdefault(name.lower(), []).append(value)
        self._file.read(int(headers["content-length"][0]))
        return status, headers

    def challenge(self, initiator: Initiator) -> bytes:
        _, headers = self.get(f"NTLM {base64.b64encode(initiator.negotiate()).decode()}")
        (value,) = headers["www-authenticate"]
        return base64.b64decode(value.removeprefix("NTLM "))

    def log_in(self, initiator: Initiator) -> tuple[int, dict[str, list[str]]]:
        return self.answer(initiator, self.challenge(initiator))

    def answer(self, initiator: Initiator, challenge: bytes) -> tuple[int, dict[str, list[str]]]:
        return self.get(f"NTLM {base64.b64encode(initiator.authenticate(challenge)).decode()}")

    def close(self) -> None:
        self._file.close()
        self.tls.close()


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[MockCa]:
    accounts = (ExtraAccount(user="locked", password="pw", state="locked"),)
    with mock_ca(tmp_path, CaSettings(accounts=accounts)) as running:
        yield running


@pytest.fixture
def connection(ca: MockCa) -> Iterator[Connection]:
    made = Connection(ca)
    yield made
    made.close()


@pytest.fixture
def initiator() -> Initiator:
    return Initiator("ESTORM", "ciscora", PASSWORD)


def rows(ca: MockCa, count: int) -> list[list[str]]:
    return [[row[7], *row[11:14]] for row in ca.log_rows(count)]


def test_the_challenge_of_ntlm_is_the_page_of_http_sys(connection: Connection, initiator: Initiator) -> None:
    status, headers = connection.get(f"NTLM {base64.b64encode(initiator.negotiate()).decode()}")
    assert (status, headers["content-length"]) == (401, ["341"])
    assert headers["server"] == ["Microsoft-HTTPAPI/2.0"]


def test_a_login_lasts_as_long_as_its_connection(connection: Connection, initiator: Initiator) -> None:
    status, headers = connection.log_in(initiator)
    assert (status, headers["persistent-auth"]) == (200, ["true"])
    status, headers = connection.get()
    assert status == 200
    assert "persistent-auth" not in headers


def test_a_login_is_of_no_use_on_another_connection(
    ca: MockCa, connection: Connection, initiator: Initiator
) -> None:
    connection.log_in(initiator)
    other = Connection(ca)
    assert other.get()[0] == 401
    other.close()


def test_legs_on_two_connections_are_an_invalid_token(
    ca: MockCa, connection: Connection, initiator: Initiator
) -> None:
    challenge = connection.challenge(initiator)
    other = Connection(ca)
    status, headers = other.answer(initiator, challenge)
    other.close()
    assert status == 401
    assert [value.split()[0] for value in headers["www-authenticate"]] == ["Negotiate", "NTLM", "Basic"]
    assert rows(ca, 2)[1] == ["-", "401", "1", "2148074248"]


@pytest.mark.parametrize("user", ["locked", "nobody"])
def test_an_account_that_may_not_log_in_is_denied(ca: MockCa, connection: Connection, user: str) -> None:
    assert connection.log_in(Initiator("ESTORM", user, "pw"))[0] == 401
    assert rows(ca, 2)[1] == ["-", "401", "1", "2148074252"]


def test_a_proxy_must_log_in_for_every_request(connection: Connection, initiator: Initiator) -> None:
    connection.log_in(initiator)
    assert connection.get(more="Via: 1.1 proxy\r\n")[0] == 401
    assert connection.get()[0] == 200


def test_without_persistence_every_request_must_log_in(tmp_path: Path, initiator: Initiator) -> None:
    with mock_ca(tmp_path, CaSettings(persist_authentication=False)) as ca:
        connection = Connection(ca)
        assert connection.log_in(initiator)[0] == 200
        assert connection.get()[0] == 401
        connection.close()


def test_a_scheme_that_is_off_is_not_offered_and_not_taken(tmp_path: Path, initiator: Initiator) -> None:
    with mock_ca(tmp_path, CaSettings(schemes=("ntlm",))) as ca:
        connection = Connection(ca)
        basic = base64.b64encode(rf"ESTORM\ciscora:{PASSWORD}".encode()).decode()
        status, headers = connection.get(f"Basic {basic}")
        assert (status, headers["www-authenticate"]) == (401, ["NTLM"])
        assert connection.log_in(initiator)[0] == 200
        connection.close()


@pytest.mark.parametrize("token", ["NTLM !!!", "NTLM", "NTLM AAAA", "Negotiate YIIB", "Basic !!!", "Basic"])
def test_credentials_that_are_none_are_refused(connection: Connection, token: str) -> None:
    assert connection.get(token)[0] == 401


def test_the_password_may_hold_colons_and_the_name_a_domain(tmp_path: Path) -> None:
    accounts = (ExtraAccount(user="odd", password="a:b:c", domain="OTHER"),)
    with mock_ca(tmp_path, CaSettings(accounts=accounts)) as ca:
        connection = Connection(ca)
        for name in (r"other\ODD", "odd", "odd@estorm.test"):
            token = base64.b64encode(f"{name}:a:b:c".encode()).decode()
            assert connection.get(f"Basic {token}")[0] == 200
        connection.close()


def test_an_anonymous_request_is_logged_as_access_denied(ca: MockCa, connection: Connection) -> None:
    assert connection.get()[0] == 401
    assert rows(ca, 1) == [["-", "401", "2", "5"]]


def test_what_a_client_that_is_logged_in_calls_a_scheme_is_no_label(
    ca: MockCa, connection: Connection, initiator: Initiator
) -> None:
    assert connection.log_in(initiator)[0] == 200
    for authorization in ("c2VjcmV0OnBhc3N3b3Jk", "Bearer c2VjcmV0", 'Evil"} c2VjcmV0', PASSWORD):
        assert connection.get(authorization)[0] == 200
    shown = httpx.get(ca.addresses["metrics"]).text
    logins = [line for line in shown.splitlines() if line.startswith("estorm_ca_logins_total{")]
    assert logins == ['estorm_ca_logins_total{outcome="good",scheme="ntlm"} 1.0']
    assert PASSWORD.partition(" ")[0] not in shown
