import contextlib
import datetime as dt
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testbed.errors import CurlError
from testbed.ntlm.initiator import Initiator
from testbed.pki import Identity, LabPki, server_context, write_identity
from testbed.ra.certsrv.access import ca_context
from testbed.ra.certsrv.curl import Curl, CurlCall
from testbed.web.client import Origin
from testbed.web.messages import Reply, Request, Response
from tests.testbed.ra.est_requests import silent
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa
from tests.testbed.raw_server import Script, cut, raw_server, reset, saying, shut, stay

LOGIN = CurlCall("/certsrv", 5.0)
SOON = 0.2


def curl_to(port: int, pki: LabPki, host: str = "127.0.0.1", connect_seconds: float = 5.0) -> Curl:
    login = Initiator("ESTORM", "ciscora", "secret")
    origin = Origin(host, port, None if host.endswith(".invalid") else "127.0.0.1")
    return Curl(origin, ca_context(pki.trust_anchor), login, connect_seconds)


def calls(ca: ScriptedCa, *steps: CurlCall) -> list[Reply]:
    """The replies to `steps` on one handle."""
    replies = []

    async def scenario() -> None:
        async with ca.running() as port:
            with contextlib.closing(curl_to(port, ca.pki).handle()) as handle:
                replies.extend([await handle.perform(step) for step in steps])

    uvloop.run(scenario())
    return replies


def failure(curl: Curl, call: CurlCall = LOGIN) -> CurlError:
    async def scenario() -> None:
        with contextlib.closing(curl.handle()) as handle:
            await handle.perform(call)

    with pytest.raises(CurlError) as failed:
        uvloop.run(scenario())
    return failed.value


def test_ntlm_goes_out_unasked_and_the_connection_stays_logged_in(ca: ScriptedCa) -> None:
    replies = calls(ca, LOGIN, CurlCall("/certsrv/certrqxt.asp", 5.0))

    assert [reply.status for reply in replies] == [301, 200]
    assert [(line[1], line[2]) for line in ca.lines()] == [
        ("/certsrv", 401), ("/certsrv", 301), ("/certsrv/certrqxt.asp", 200)
    ]  # fmt: skip
    assert {row.connection for row in ca.rows} == {1}
    assert ca.rows[2].request.headers.get("authorization") is None


def test_requests_carry_curls_headers_in_curls_order(ca: ScriptedCa) -> None:
    post = CurlCall("/certsrv/x", 5.0, "POST", b"a=b", referer="https://ca:443/certsrv/certrqxt.asp")
    calls(ca, LOGIN, post)

    names = [name for name, _ in ca.rows[2].request.headers.pairs]
    assert names == ["Host", "User-Agent", "Accept", "Referer", "Content-Length", "Content-Type"]
    assert ca.rows[2].request.headers.get("user-agent") == "CiscoRA 1.0"
    assert ca.rows[2].request.headers.get("content-type") == "application/x-www-form-urlencoded"
    first = [name for name, _ in ca.rows[0].request.headers.pairs]
    assert first == ["Host", "Authorization", "User-Agent", "Accept"]


def test_a_posts_first_leg_has_no_body(ca: ScriptedCa) -> None:
    calls(ca, CurlCall("/certsrv/x", 5.0, "POST", b"a=b"))

    assert [row.request.body for row in ca.rows] == [b"", b"a=b"]
    assert ca.rows[0].request.headers.get("content-length") == "0"


def test_the_default_port_is_left_out_of_host_but_not_of_urls(pki: LabPki) -> None:
    curl = curl_to(443, pki, "lab-dc.michamen.com")
    assert curl.host_header == ("Host", "lab-dc.michamen.com")
    assert curl.url("/certsrv") == "https://lab-dc.michamen.com:443/certsrv"
    assert curl_to(8443, pki).host_header == ("Host", "127.0.0.1:8443")


def test_a_connection_the_ca_closed_is_opened_and_logged_in_anew(ca: ScriptedCa) -> None:
    async def closing(_: Request) -> Response:
        return Response(301, PAGE, b"moved", close=True)

    ca.answers["/certsrv"] = closing
    replies = calls(ca, LOGIN, CurlCall("/certsrv/certrqxt.asp", 5.0))

    assert [reply.status for reply in replies] == [301, 200]
    assert [row.connection for row in ca.rows] == [1, 1, 2, 2]


@pytest.mark.parametrize("header", [None, "Negotiate", "NTLM", "NTLM !!!", "NTLM AAAA"])
def test_a_401_without_a_challenge_is_the_answer(pki: LabPki, header: str | None) -> None:
    line = f"WWW-Authenticate: {header}\r\n" if header else ""
    said = f"HTTP/1.1 401 Unauthorized\r\n{line}Content-Length: 0\r\n\r\n".encode()

    async def scenario(port: int) -> None:
        with contextlib.closing(curl_to(port, pki).handle()) as handle:
            assert (await handle.perform(LOGIN)).status == 401

    with raw_server(saying(said, stay), server_context(pki.ca_server)) as port:
        uvloop.run(scenario(port))


# Texts are curl 7.88's for the same server, older curl's or the guide's where that differs (see below).
@pytest.mark.parametrize(
    ("script", "code", "text"),
    [
        (saying(b"", shut), 52, "Empty reply from server"),
        (saying(b"", cut), 52, "Empty reply from server"),
        (saying(b"", reset), 56, "Recv failure: Connection reset by peer"),
        (saying(b"HTTP/1.", shut), 52, "Empty reply from server"),
        (
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", shut),
            18,
            "transfer closed with 97 bytes remaining to read",
        ),
        (
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", shut),
            18,
            "transfer closed with outstanding read data remaining",
        ),
        (
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", shut),
            56,
            "Illegal or missing hexadecimal sequence in chunked-encoding",
        ),
        (saying(b"garbage garbage garbage\r\n\r\n", shut), 1, "Received HTTP/0.9 when not allowed"),
        (saying(b"HTTP/1.1 abc OK\r\n\r\n", shut), 1, "Unsupported HTTP version in response"),
        (
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabc", shut),
            8,
            "Invalid Content-Length: value",
        ),
    ],
)
def test_a_broken_answer_has_curls_code_and_text(pki: LabPki, script: Script, code: int, text: str) -> None:
    with raw_server(script, server_context(pki.ca_server)) as port:
        error = failure(curl_to(port, pki))
        foreign = subprocess.run(
            ["curl", "-sS", "--http1.1", "--cacert", pki.trust_anchor, f"https://127.0.0.1:{port}/certsrv"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (error.code, error.text) == (code, text)
    assert foreign.returncode == code
    assert foreign.stderr.strip() == f"curl: ({code}) {text}"


def test_a_silent_answer_times_out_after_the_calls_own_time(pki: LabPki) -> None:
    with raw_server(stay, server_context(pki.ca_server)) as port:
        error = failure(curl_to(port, pki), CurlCall("/certsrv", SOON))
    assert error.code == 28
    assert error.text.startswith("Operation timed out after 2")
    assert error.text.endswith(" milliseconds with 0 bytes received")


def test_a_cut_answer_times_out_with_what_it_had(pki: LabPki) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"
    with raw_server(saying(said, stay), server_context(pki.ca_server)) as port:
        error = failure(curl_to(port, pki), CurlCall("/certsrv", SOON))
    assert error.text.endswith(" milliseconds with 3 out of 100 bytes received")


def test_both_legs_of_ntlm_share_one_timer(ca: ScriptedCa) -> None:
    async def scenario() -> None:
        async with ca.running() as port:
            curl = curl_to(port, ca.pki)
            with contextlib.closing(curl.handle()) as handle:
                with pytest.raises(CurlError) as failed:
                    await handle.perform(CurlCall("/certsrv", SOON))
                assert failed.value.code == 28

    ca.answers["/certsrv"] = silent
    uvloop.run(scenario())
    assert [row.status for row in ca.rows] == [401]


@pytest.mark.parametrize(
    ("connect_seconds", "call_seconds", "text"),
    [(SOON, 5.0, "SSL connection timeout"), (5.0, SOON, "Connection timed out after 2")],
)
def test_a_silent_handshake_is_28_by_the_timer_that_is_due_first(
    pki: LabPki, connect_seconds: float, call_seconds: float, text: str
) -> None:
    with raw_server(stay, None) as port:
        curl = curl_to(port, pki, connect_seconds=connect_seconds)
        error = failure(curl, CurlCall("/certsrv", call_seconds))
    assert error.code == 28
    assert error.text.startswith(text)


def test_a_handshake_that_is_not_tls_is_35(pki: LabPki) -> None:
    with raw_server(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), None) as port:
        error = failure(curl_to(port, pki))
    assert (error.code, error.text) == (35, "error:SSL routines::wrong version number")


@pytest.mark.parametrize(("end", "reason"), [(cut, "SSL_ERROR_SYSCALL"), (reset, "Connection reset by peer")])
def test_a_handshake_that_breaks_is_35(pki: LabPki, end: Script, reason: str) -> None:
    with raw_server(saying(b"", end), None) as port:
        error = failure(curl_to(port, pki))
    assert error.code == 35
    assert error.text in (
        f"OpenSSL SSL_connect: {reason} in connection to 127.0.0.1:{port}",
        f"OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 127.0.0.1:{port}",
    )


def test_a_port_nobody_listens_on_is_7(pki: LabPki) -> None:
    with raw_server(stay, None) as port:
        pass
    error = failure(curl_to(port, pki))
    assert (error.code, error.text) == (7, f"Failed to connect to 127.0.0.1 port {port}: Connection refused")


def test_a_name_that_does_not_resolve_is_6(pki: LabPki) -> None:
    error = failure(curl_to(443, pki, "lab-dcc.invalid"))
    assert error.code == 6
    assert error.text.startswith("Could not resolve: lab-dcc.invalid (")


MakeIdentity = Callable[..., Identity]


@pytest.fixture
def make_identity(tmp_path: Path, ca: ScriptedCa) -> MakeIdentity:
    """A server certificate for `name`, signed by the lab's root unless `self_signed`."""

    def make(
        name: str,
        *,
        self_signed: bool = False,
        starts: dt.timedelta = -dt.timedelta(hours=1),
    ) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start = dt.datetime.now(dt.UTC) + starts
        # IIS's own self-signed certificates may encipher but not sign certificates.
        usage = x509.KeyUsage(
            digital_signature=False, key_cert_sign=False, crl_sign=False, content_commitment=False,
            key_encipherment=True, data_encipherment=True, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else ca.root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=1))
        )
        if self_signed:
            builder = builder.add_extension(usage, critical=True)
        signed = builder.sign(key if self_signed else ca.key, hashes.SHA256())
        return write_identity(tmp_path, name, key, signed)

    return make


def refused_by_name(identity: Identity, pki: LabPki, host: str) -> CurlError:
    with raw_server(saying(b""), server_context(identity)) as port:
        return failure(curl_to(port, pki, host))


def test_a_certificate_for_another_name_is_51_with_both_names(
    make_identity: MakeIdentity, pki: LabPki
) -> None:
    error = refused_by_name(make_identity("lab-dc"), pki, "lab-dc.michamen.com")
    names = "certificate subject name 'lab-dc' does not match target host name 'lab-dc.michamen.com'"
    assert str(error) == f"curl 51 (SSL: {names})"


def test_nothing_is_sent_to_a_server_of_another_name(make_identity: MakeIdentity, pki: LabPki) -> None:
    received = []
    with raw_server(
        lambda connection: received.append(connection.recv(100)), server_context(make_identity("lab-dc"))
    ) as port:
        failure(curl_to(port, pki, "lab-dc.michamen.com"))
    assert received in ([], [b""])


def test_a_certificate_not_valid_yet_is_60(make_identity: MakeIdentity, pki: LabPki) -> None:
    error = refused_by_name(make_identity("lab-dc", starts=dt.timedelta(hours=1)), pki, "lab-dc")
    assert str(error) == "curl 60 (SSL certificate problem: certificate is not yet valid)"


def test_an_expired_certificate_is_60(make_identity: MakeIdentity, pki: LabPki) -> None:
    error = refused_by_name(make_identity("lab-dc", starts=-dt.timedelta(days=2)), pki, "lab-dc")
    assert str(error) == "curl 60 (SSL certificate problem: certificate has expired)"


def test_iis_own_self_signed_certificate_is_60_as_the_guide_shows_it(
    make_identity: MakeIdentity, pki: LabPki
) -> None:
    error = refused_by_name(make_identity("lab-dc", self_signed=True), pki, "lab-dc")
    assert str(error) == "curl 60 (SSL certificate problem: unable to get local issuer certificate)"


def test_iis_own_self_signed_certificate_is_refused_even_when_trusted(
    make_identity: MakeIdentity, pki: LabPki
) -> None:
    identity = make_identity("lab-dc", self_signed=True)
    trusting = LabPki(pki.issuing, pki.ca_server, pki.ra_server, identity.certificate_path)
    assert refused_by_name(identity, trusting, "lab-dc").code == 60


def test_an_unknown_issuer_is_60(make_identity: MakeIdentity, pki: LabPki) -> None:
    stranger = make_identity("stranger", self_signed=True)
    distrusting = LabPki(pki.issuing, pki.ca_server, pki.ra_server, stranger.certificate_path)
    error = refused_by_name(pki.ca_server, distrusting, "127.0.0.1")
    assert str(error) == "curl 60 (SSL certificate problem: unable to get local issuer certificate)"


def test_the_tls_context_to_the_ca_verifies_the_chain(pki: LabPki) -> None:
    assert ca_context(pki.trust_anchor).verify_mode is ssl.CERT_REQUIRED
