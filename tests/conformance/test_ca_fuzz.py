"""No request brings the CA down, shows a traceback, or makes a 500 that AD CS would not make."""

import base64
import socket
import ssl
import string
import time
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testbed.ntlm.initiator import Initiator
from testbed.ntlm.messages import SIGNATURE
from tests.mock_ca import PASSWORD, MockCa, basic_client, csr_pem, enroll_form, make_csr, mock_ca

pytestmark = pytest.mark.long

many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PAGES = [
    "", "default.asp", "certrqus.asp", "certrqad.asp", "certrqbi.asp", "certrqma.asp", "certrqxt.asp",
    "certfnsh.asp", "certnew.cer", "certnew.p7b", "certcarc.asp", "certcrl.crl", "certckpn.asp",
    "certrmpn.asp", "certsces.asp",
]  # fmt: skip
POST = b"POST /certsrv/certfnsh.asp HTTP/1.1\r\nHost: x\r\n"
visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
header_text = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=200
)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCa]:
    with mock_ca(tmp_path_factory.mktemp("ca")) as running:
        yield running


@pytest.fixture(scope="module")
def client(ca: MockCa) -> Iterator[httpx.Client]:
    with basic_client(ca) as made:
        yield made


def check(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code < 500, answer.text
    assert b"Traceback" not in answer.content
    assert b'File "' not in answer.content
    return answer


def tls(ca: MockCa) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=ca.trust_anchor)
    tcp = socket.create_connection((ca.host, ca.port), timeout=10)
    return context.wrap_socket(tcp, server_hostname=ca.host)


def request(authorization: str) -> bytes:
    return f"GET /certsrv HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()


def still_serves(client: httpx.Client) -> bool:
    return client.get("certrqxt.asp").status_code == 200


@many
@given(
    page=st.sampled_from(PAGES),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]),
    query=visible,
    agent=st.sampled_from(["Mozilla/5.0", "CiscoRA 1.0", ""]),
)
def test_any_method_and_query_get_an_answer(
    client: httpx.Client, page: str, method: str, query: str, agent: str
) -> None:
    url = f"{page}?{quote_from_bytes(query.encode(), safe='&=%')}"
    check(client.request(method, url, headers={"User-Agent": agent, "Content-Length": "0"}))


@many
@given(value=st.text(string.printable, max_size=30), enc=visible, renewal=visible)
def test_any_request_id_gets_an_answer(client: httpx.Client, value: str, enc: str, renewal: str) -> None:
    query = {"ReqID": value, "Enc": enc, "Renewal": renewal}
    for page in ("certnew.cer", "certnew.p7b"):
        check(client.get(page, params=query))


@many
@given(body=st.binary(max_size=2000))
def test_any_form_body_gets_an_answer(client: httpx.Client, body: bytes) -> None:
    for start in (b"", b"Mode=newreq&CertRequest=", b"Mode=chkpnd&ReqID="):
        check(client.post("certfnsh.asp", content=start + body))


@many
@given(position=st.integers(0, 900), flip=st.integers(1, 255), cut=st.integers(0, 900))
def test_a_damaged_request_is_denied_or_issued(
    client: httpx.Client, position: int, flip: int, cut: int
) -> None:
    der = bytearray(make_csr().public_bytes(Encoding.DER))
    der[position % len(der)] ^= flip
    damaged = base64.b64encode(bytes(der[: len(der) - cut % 20])).decode()
    page = check(client.post("certfnsh.asp", data=enroll_form(damaged))).text
    assert "Certificate Issued" in page or "Error Parsing Request" in page or "0x8009" in page


@many
@given(attributes=st.text(max_size=300))
def test_any_attributes_get_an_answer(client: httpx.Client, attributes: str) -> None:
    form = enroll_form() | {"CertAttrib": attributes.encode("utf-8", "replace").decode()}
    check(client.post("certfnsh.asp", data=form))


@many
@given(
    scheme=st.sampled_from(["NTLM", "Negotiate", "Basic", "ntlm", "Kerberos", ""]),
    token=st.binary(max_size=200),
)
def test_any_credentials_are_challenged(ca: MockCa, scheme: str, token: bytes) -> None:
    kinds = (token, SIGNATURE + token, SIGNATURE + b"\x03\0\0\0" + token, b"\x60" + token, b"\xa1" + token)
    with tls(ca) as connection:
        for kind in kinds:
            header = f"{scheme} {base64.b64encode(kind).decode()}"
            connection.sendall(
                f"GET /certsrv HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\n\r\n".encode()
            )
            assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


@many
@given(tail=st.binary(max_size=300), at=st.integers(0, 300))
def test_any_damage_to_a_good_answer_is_challenged(ca: MockCa, tail: bytes, at: int) -> None:
    initiator = Initiator("ESTORM", "ciscora", PASSWORD)
    with tls(ca) as connection:
        first = base64.b64encode(initiator.negotiate()).decode()
        connection.sendall(
            f"GET /certsrv HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM {first}\r\n\r\n".encode()
        )
        offered = connection.recv(65536).split(b"WWW-Authenticate: NTLM ")[1].split(b"\r\n")[0]
        good = initiator.authenticate(base64.b64decode(offered))
        damaged = good[: at % len(good)] + tail
        if damaged == good:
            return
        token = base64.b64encode(damaged).decode()
        connection.sendall(
            f"GET /certsrv HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM {token}\r\n\r\n".encode()
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")


@many
@given(name=visible, value=header_text)
def test_any_header_gets_an_answer_or_a_refusal(ca: MockCa, name: str, value: str) -> None:
    with tls(ca) as connection:
        connection.sendall(f"GET /certsrv HTTP/1.1\r\nHost: x\r\n{name}: {value}\r\n\r\n".encode("latin-1"))
        connection.settimeout(0.3)
        answer = receive(connection)
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 ")) or name.lower() in (
        "content-length", "transfer-encoding", "expect",
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_bytes_that_are_no_request_are_refused(ca: MockCa, client: httpx.Client, data: bytes) -> None:
    with tls(ca) as connection:
        connection.sendall(data + b"\r\n\r\n")
        connection.settimeout(0.3)
        answer = receive(connection)
    assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 ", b"HTTP/1.1 411 "))
    assert still_serves(client)


def receive(connection: ssl.SSLSocket) -> bytes:
    try:
        return connection.recv(65536)
    except (TimeoutError, OSError):
        return b""


def test_a_body_over_the_limit_of_asp_is_403(ca: MockCa, client: httpx.Client) -> None:
    with tls(ca) as connection:
        connection.sendall(
            b"POST /certsrv/certfnsh.asp HTTP/1.1\r\nHost: x\r\nContent-Length: 200001\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 403 ")
    assert still_serves(client)


def test_headers_without_end_are_cut_off(ca: MockCa, client: httpx.Client) -> None:
    with tls(ca) as connection:
        answer = b""
        try:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(100):
                connection.sendall(b"X-Pad: " + b"a" * 1000 + b"\r\n")
        except OSError:
            pass
        answer = receive(connection)
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    assert still_serves(client)


def test_slow_clients_do_not_hold_up_others(ca: MockCa, client: httpx.Client) -> None:
    slow = [tls(ca) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(
                b"POST /certsrv/certfnsh.asp HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nMode"
            )
        started = time.monotonic()
        assert "Certificate Issued" in client.post("certfnsh.asp", data=enroll_form(csr_pem())).text
        assert time.monotonic() - started < 8
    finally:
        for connection in slow:
            connection.close()
