import base64
from contextlib import closing
from urllib.parse import parse_qs

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import CaRefused, CurlError
from testbed.ntlm.initiator import Initiator
from testbed.ra.certificates import CaChain, SigningRequest
from testbed.ra.certsrv.access import ca_context
from testbed.ra.certsrv.calls import CaCall, Issued, Stage
from testbed.ra.certsrv.client import Certsrv, Manners, _form_encoded_pem
from testbed.ra.certsrv.curl import Curl
from testbed.settings import RaTimers
from testbed.web.client import Origin
from testbed.web.messages import Request, Response
from tests.testbed.ra.est_requests import silent
from tests.testbed.ra.scripted_ca import PAGE, ScriptedCa

Csr = x509.CertificateSigningRequest


class Conversation:
    """One enrollment with a scripted CA: what it said, what was recorded of it."""

    def __init__(self, ca: ScriptedCa, template: str = "CiscoRA", timers: RaTimers | None = None) -> None:
        self._ca, self._template, self._timers = ca, template, timers or RaTimers()
        self.calls: list[CaCall] = []
        self.issued: list[Issued] = []

    def authenticate(self) -> None:
        async def scenario() -> None:
            async with self._ca.running() as port:
                with closing(self._certsrv(port).converse(self.calls.append)) as conversation:
                    await conversation.authenticate()

        uvloop.run(scenario())

    def enroll(self, csr: Csr) -> Issued:
        async def scenario() -> Issued:
            async with self._ca.running() as port:
                with closing(self._certsrv(port).converse(self.calls.append)) as conversation:
                    return await conversation.submit_and_download(
                        SigningRequest(csr), CaChain([self._ca.root]), self.issued.append
                    )

        return uvloop.run(scenario())

    def _certsrv(self, port: int) -> Certsrv:
        login = Initiator("ESTORM", "ciscora", "secret")
        curl = Curl(Origin("127.0.0.1", port, "127.0.0.1"), ca_context(self._ca.pki.trust_anchor), login, 5.0)
        return Certsrv(curl, self._template, Manners(self._timers), now=lambda: 42.0)

    def summary(self) -> list[tuple[Stage, str | None]]:
        return [(call.stage, call.cause) for call in self.calls]


def test_authentication_is_login_and_form_on_one_connection(ca: ScriptedCa) -> None:
    conversation = Conversation(ca)
    conversation.authenticate()

    assert ca.lines() == [
        ("GET", "/certsrv", 401), ("GET", "/certsrv", 301), ("GET", "/certsrv/certrqxt.asp", 200)
    ]  # fmt: skip
    assert {row.connection for row in ca.rows} == {1}
    assert conversation.summary() == [(Stage.LOGIN, None), (Stage.FORM, None)]
    assert conversation.calls[0].body_bytes == 163
    assert conversation.calls[0].ended == 42.0


def test_a_template_that_is_not_offered_ends_the_authentication(ca: ScriptedCa) -> None:
    conversation = Conversation(ca, template="CiscoRB")
    with pytest.raises(CaRefused, match="template CiscoRB is not offered"):
        conversation.authenticate()
    assert conversation.summary() == [(Stage.LOGIN, None), (Stage.FORM, "template_missing")]


def test_an_enrollment_is_login_submit_and_download(ca: ScriptedCa, csr: Csr) -> None:
    conversation = Conversation(ca)
    issued = conversation.enroll(csr)

    assert ca.lines() == [
        ("GET", "/certsrv", 401),
        ("GET", "/certsrv", 301),
        ("POST", "/certsrv/certfnsh.asp", 200),
        ("GET", "/certsrv/certnew.cer?ReqID=10&ENC=b64", 200),
    ]
    assert issued.certificate == ca.issued[10]
    assert issued.serial == f"{ca.issued[10].serial_number:x}"
    assert conversation.issued == [Issued(10)]


def test_the_form_carries_request_template_and_referer(ca: ScriptedCa, csr: Csr) -> None:
    Conversation(ca, template="Cisco RA & more").enroll(csr)

    request = ca.rows[2].request
    fields = parse_qs(request.body.decode("ascii"), strict_parsing=True)
    assert fields["Mode"] == ["newreq"]
    assert fields["CertRequest"] == [SigningRequest(csr).pem.decode()]
    assert fields["CertAttrib"] == ["CertificateTemplate:Cisco RA & more\r\n"]
    assert fields["TargetStoreFlags"] == ["0"]
    assert (request.headers.get("referer") or "").endswith("/certsrv/certrqxt.asp")
    assert (request.headers.get("referer") or "").startswith("https://127.0.0.1:")


@given(st.binary(max_size=500))
def test_pem_is_form_encoded_losslessly(data: bytes) -> None:
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(data) + b"-----END X-----\n"
    encoded = _form_encoded_pem(pem).decode("ascii")
    assert parse_qs(f"a={encoded}", strict_parsing=True)["a"] == [pem.decode()]


@pytest.mark.parametrize(
    ("path", "page", "stage", "cause"),
    [
        ("/certsrv", Response(500, PAGE), Stage.LOGIN, "http_500"),
        ("/certsrv/certfnsh.asp", Response(503, PAGE), Stage.SUBMIT, "http_503"),
        ("/certsrv/certfnsh.asp", Response(200, PAGE, b"hello"), Stage.SUBMIT, "no_request_id"),
        ("/certsrv/certnew.cer", Response(200, PAGE, b"<html>"), Stage.DOWNLOAD, "no_certificate"),
        ("/certsrv/certnew.cer", Response(500, PAGE), Stage.DOWNLOAD, "http_500"),
    ],
)
def test_each_wrong_answer_ends_the_enrollment_with_its_stage_and_cause(
    ca: ScriptedCa, csr: Csr, path: str, page: Response, stage: Stage, cause: str
) -> None:
    async def wrong(_: Request) -> Response:
        return page

    ca.answers[path] = wrong
    conversation = Conversation(ca)
    with pytest.raises(CaRefused):
        conversation.enroll(csr)
    assert conversation.summary()[-1] == (stage, cause)
    assert bool(conversation.issued) is (stage is Stage.DOWNLOAD)


def test_a_certificate_for_another_request_never_passes(ca: ScriptedCa, csr: Csr) -> None:
    other = ca.sign(ec.generate_private_key(ec.SECP256R1()).public_key(), csr.subject)

    async def mixed_up(_: Request) -> Response:
        return Response(200, PAGE, other.public_bytes(Encoding.PEM))

    ca.answers["/certsrv/certnew.cer"] = mixed_up
    conversation = Conversation(ca)
    with pytest.raises(CaRefused):
        conversation.enroll(csr)
    assert conversation.summary()[-1] == (Stage.DOWNLOAD, "wrong_key")


def both(conversation: Conversation, csr: Csr) -> None:
    conversation.authenticate()
    conversation.enroll(csr)


@pytest.mark.parametrize(
    ("path", "timer"),
    [
        ("/certsrv", "login_seconds"),
        ("/certsrv/certfnsh.asp", "submit_seconds"),
        ("/certsrv/certnew.cer", "download_seconds"),
        ("/certsrv/certrqxt.asp", "form_seconds"),
    ],
)
def test_each_step_has_its_own_timer(ca: ScriptedCa, csr: Csr, path: str, timer: str) -> None:
    ca.answers[path] = silent
    conversation = Conversation(ca, timers=RaTimers(**{timer: 0.2}))
    with pytest.raises(CurlError) as failed:
        both(conversation, csr)
    assert failed.value.code == 28
    assert conversation.calls[-1].cause == "curl_28"
    assert 0.15 < conversation.calls[-1].seconds < 3
