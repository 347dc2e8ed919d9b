import contextlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from testbed.errors import CaRefused
from testbed.ra.certsrv import pages
from testbed.web.messages import Headers, Reply
from tests.testbed.ra.scripted_ca import ScriptedCa


def reply(body: str | bytes, status: int = 200, kind: str = "text/html") -> Reply:
    data = body.encode("latin-1") if isinstance(body, str) else body
    return Reply(status, Headers([("Content-Type", kind)]), data, keep_alive=True)


def cause(refused: pytest.ExceptionInfo[CaRefused]) -> str:
    return refused.value.cause


FORM = (
    "<Select Name=lbCertTemplate ID=lbCertTemplateID>\r\n"
    '<Option Value="E;User;1;1;41;16;-2113929216;0;;1.3.6.1.4.1;3;1;1;User">User\r\n'
    '<OPTION VALUE="O;CiscoRA;1;1;0;16;1;0;Microsoft RSA SChannel;1.2;100;1;5;Cisco &amp; RA">Cisco RA\r\n'
    "</Select>"
)


def test_the_form_offers_templates_by_their_real_names() -> None:
    assert pages.offered_templates(FORM) == {"User", "CiscoRA"}


def test_a_form_that_offers_the_template_is_good() -> None:
    pages.check_form(reply(FORM), "CiscoRA")


@pytest.mark.parametrize("template", ["ciscora", "Cisco & RA", "Other", ""])
def test_a_template_that_is_not_offered_is_missing(template: str) -> None:
    with pytest.raises(CaRefused) as refused:
        pages.check_form(reply(FORM), template)
    assert cause(refused) == "template_missing"


@pytest.mark.parametrize("status", [200, 204, 301, 302])
def test_a_login_is_good_unless_refused(status: int) -> None:
    pages.check_login(reply("", status))


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_refused_login_names_its_status(status: int) -> None:
    with pytest.raises(CaRefused, match=f"MS CA login failed with HTTP status {status}") as refused:
        pages.check_login(reply("", status))
    assert cause(refused) == f"http_{status}"


@pytest.mark.parametrize(
    "page",
    [
        '<A Href="certnew.cer?ReqID=10&amp;Enc=bin">x</A> <A Href="certnew.cer?ReqID=CACert&amp;Enc=b64">',
        'function handleGetCert() {\r\n\tlocation="certnew.cer?ReqID=10&"+getEncoding();',
    ],
)
def test_an_issued_page_gives_its_request_id_in_both_variants(page: str) -> None:
    assert pages.request_id(reply(page)) == 10


DENIED = (
    "<P ID=locDenied>Your certificate request was denied.\r\n<P ID=locInfoReqIDandReason> "
    'Your Request Id is 11. The disposition message is "Denied by Policy Module  0x80094800, '
    'The request was for a certificate template that is not supported &amp; so on.\r\n".'
)
PENDING = (
    "<P ID=locPageTitle> Certificate Pending\r\n<P ID=locInfoNewReq> Your certificate request has been "
    "received. However, you must wait for an\r\nadministrator\r\n"
    "<P ID=locInfoReqID> Your Request Id is 12.\r\n"
)


def test_a_denied_page_gives_id_and_disposition() -> None:
    expected = "ReqID=11: Denied by Policy Module  0x80094800, .* not supported & so on"
    with pytest.raises(CaRefused, match=expected) as refused:
        pages.request_id(reply(DENIED))
    assert cause(refused) == "denied"


def test_a_pending_page_gives_its_id() -> None:
    with pytest.raises(CaRefused, match="pending, ReqID=12") as refused:
        pages.request_id(reply(PENDING))
    assert cause(refused) == "pending"


@pytest.mark.parametrize("page", ["", "<html>hello</html>", "certnew.cer?ReqID=CACert&", "ReqID=10"])
def test_a_page_without_an_id_is_refused(page: str) -> None:
    with pytest.raises(CaRefused) as refused:
        pages.request_id(reply(page))
    assert cause(refused) == "no_request_id"


@pytest.mark.parametrize("read", [pages.request_id, pages.certificate, pages.certificates])
def test_a_status_other_than_200_is_refused(read: object) -> None:
    with pytest.raises(CaRefused) as refused:
        read(reply("certnew.cer?ReqID=10&", 503))  # type: ignore[operator]
    assert cause(refused) == "http_503"


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_download_is_read_in_both_encodings(ca: ScriptedCa, encoding: Encoding) -> None:
    assert pages.certificate(reply(ca.root.public_bytes(encoding))) == ca.root


def test_a_pem_download_may_have_crlf_ends(ca: ScriptedCa) -> None:
    pem = ca.root.public_bytes(Encoding.PEM).replace(b"\n", b"\r\n")
    assert pages.certificate(reply(pem)) == ca.root


def test_an_error_page_instead_of_a_certificate_gives_its_disposition() -> None:
    page = "<Title>Error</Title>Disposition message:\r\n\t\tTaken Under Submission\r\n"
    with pytest.raises(CaRefused, match="the CA says: Taken Under Submission") as refused:
        pages.certificate(reply(page))
    assert cause(refused) == "no_certificate"


@given(st.binary(max_size=300))
def test_no_download_is_read_as_a_certificate_by_chance(body: bytes) -> None:
    with pytest.raises(CaRefused):
        pages.certificate(reply(body))
    with pytest.raises(CaRefused):
        pages.certificates(reply(body))


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=300))
def test_no_page_breaks_the_reading_of_an_outcome(page: str) -> None:
    with contextlib.suppress(CaRefused):
        assert pages.request_id(reply(page)) >= 0


def test_a_chain_is_read_and_an_empty_one_refused(ca: ScriptedCa) -> None:
    chain = pkcs7.serialize_certificates([ca.root], Encoding.DER)
    assert pages.certificates(reply(chain)) == [ca.root]
    with pytest.raises(CaRefused) as refused:
        pages.certificates(reply(b""))
    assert cause(refused) == "no_chain"
