import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import CaRefused, CurlError
from testbed.ra.certsrv.calls import CaCall, Issued, Stage
from testbed.ra.logs import nginx_log
from testbed.ra.logs.nginx_log import Connection, Entry

URL = "https://lab-dc.michamen.com:443/certsrv"


def call(stage: Stage, body_bytes: int | None = 0, failure: CurlError | CaRefused | None = None) -> CaCall:
    return CaCall(stage, URL, 0.0, 0.1, body_bytes, failure)


def texts(entries: list[Entry]) -> list[str]:
    return [entry.text for entry in entries]


def test_a_line_that_serves_a_client_names_connection_client_and_server() -> None:
    line = nginx_log.served(Entry("info", "text", 1.0), 31067, Connection(2, "14.48.31.128", "0.0.0.0:8084"))
    shape = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[info\] 31067#0: \*2 text while SSL EST handshaking, "
    assert re.fullmatch(shape + r"client: 14\.48\.31\.128, server: 0\.0\.0\.0:8084", line)


def test_a_long_body_arrives_in_curls_pieces() -> None:
    lines = texts(nginx_log.conversation(call(Stage.FORM, 40_000), []))
    assert [line.split()[-1] for line in lines[:-1]] == ["16384", "16384", "7232"]


def test_every_login_shows_the_trust_store_again() -> None:
    lines = texts(nginx_log.conversation(call(Stage.LOGIN), ["/CN=one", "/CN=two"]))
    assert lines[:2] == [
        "ossl_init_cert_store: Adding cert to store (/CN=one)",
        "ossl_init_cert_store: Adding cert to store (/CN=two)",
    ]


@pytest.mark.parametrize(
    ("stage", "failure", "expected"),
    [
        (
            Stage.LOGIN,
            CurlError(7, "x"),
            "login_to_certsrv_ca: Curl call for MS CA login failed with return code 7 (x)",
        ),
        (
            Stage.FORM,
            CurlError(28, "x"),
            "navigate_to_certsrv_page: Curl request failed with return code 28 (x)",
        ),
        (Stage.SUBMIT, CaRefused("denied", "denied, ReqID=7"), "submit_csr_to_certsrv: denied, ReqID=7"),
    ],
)
def test_a_failed_call_says_why_and_where(
    stage: Stage, failure: CurlError | CaRefused, expected: str
) -> None:
    lines = texts(nginx_log.conversation(call(stage, None, failure), []))
    assert lines == [expected, f"{expected.partition(':')[0]}: URL used: {URL}"]


def test_an_orphan_is_logged_with_what_finds_it_again() -> None:
    text = nginx_log.orphaned(Issued(7), 0.0).text
    assert text == "ra_enroll: certificate issued but not delivered, ReqID=7, serial=-"


def test_a_subject_is_shown_as_openssl_shows_it() -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "com"),
            x509.NameAttribute(NameOID.COMMON_NAME, "lab-ca.michamen.com"),
            x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4"), "own"),
        ]
    )
    assert nginx_log.subject_text(name) == "/DC=com/CN=lab-ca.michamen.com/1.2.3.4=own"


@given(st.text())
def test_no_text_can_forge_a_second_line(text: str) -> None:
    line = nginx_log.served(Entry("warn", text), 1)
    assert len(line.encode("utf-8", errors="backslashreplace").split(b"\n")) == 1
    assert "\r" not in line
