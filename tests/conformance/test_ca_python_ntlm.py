"""NTLM by the clients of requests, httpx and pyspnego: they wait for the 401, then choose."""

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests
import spnego

from testbed.ca.settings import CaSettings
from tests.mock_ca import PASSWORD, MockCa, enroll_form, mock_ca

requests_ntlm = pytest.importorskip("requests_ntlm", reason="requests_ntlm is not installed")
httpx_ntlm = pytest.importorskip("httpx_ntlm", reason="httpx-ntlm is not installed")


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[MockCa]:
    with mock_ca(tmp_path) as running:
        yield running


def statuses(ca: MockCa) -> list[list[str]]:
    return [row[11:14] for row in ca.log_rows(3)]


ANONYMOUS, CHALLENGED, GOOD = ["401", "2", "5"], ["401", "1", "2148074254"], ["200", "0", "0"]


def with_requests(ca: MockCa, password: str = PASSWORD) -> requests.Response:
    with requests.Session() as session:
        session.auth = requests_ntlm.HttpNtlmAuth(ca.account, password)
        return session.get(f"{ca.certsrv}/certrqxt.asp", verify=str(ca.trust_anchor), timeout=10)


def with_httpx(ca: MockCa, password: str = PASSWORD) -> httpx.Response:
    trust = ssl.create_default_context(cafile=ca.trust_anchor)
    with httpx.Client(auth=httpx_ntlm.HttpNtlmAuth(ca.account, password), verify=trust) as client:
        return client.post(f"{ca.certsrv}/certfnsh.asp", data=enroll_form())


def test_requests_ntlm_logs_in_in_three_rows(ca: MockCa) -> None:
    assert "lbCertTemplate" in with_requests(ca).text
    assert statuses(ca) == [ANONYMOUS, CHALLENGED, GOOD]


def test_requests_ntlm_with_a_wrong_password_gets_401(ca: MockCa) -> None:
    assert with_requests(ca, "wrong").status_code == 401
    assert statuses(ca) == [ANONYMOUS, CHALLENGED, ["401", "1", "2148074252"]]


def test_httpx_ntlm_enrolls(ca: MockCa) -> None:
    assert "Certificate Issued" in with_httpx(ca).text
    assert statuses(ca) == [ANONYMOUS, CHALLENGED, GOOD]


def test_channel_bindings_of_requests_ntlm_hold_where_they_are_required(tmp_path: Path) -> None:
    with mock_ca(tmp_path, CaSettings(channel_binding="require")) as ca:
        assert with_requests(ca).status_code == 200


def test_a_client_without_channel_bindings_is_refused_where_they_are_required(tmp_path: Path) -> None:
    with mock_ca(tmp_path, CaSettings(channel_binding="require")) as ca:
        assert with_httpx(ca).status_code == 401
        assert statuses(ca)[-1] == ["401", "1", "2148074310"]


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_pyspnego_logs_in_under_the_negotiate_scheme(ca: MockCa, protocol: str) -> None:
    context = spnego.client(ca.account, PASSWORD, hostname="ca", protocol=protocol)
    trust = ssl.create_default_context(cafile=ca.trust_anchor)
    with httpx.Client(verify=trust) as client:
        token = context.step()
        for _ in range(4):
            headers = {"Authorization": f"Negotiate {base64.b64encode(token or b'').decode()}"}
            answer = client.get(f"{ca.certsrv}/certrqxt.asp", headers=headers)
            offered = answer.headers.get("WWW-Authenticate", "").partition(" ")[2]
            token = context.step(base64.b64decode(offered)) if offered else None
            if answer.status_code == 200:
                break
    assert answer.status_code == 200
    assert context.complete
