"""Every URL of /certsrv, asked over TLS as clients ask."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from testbed.ca.settings import CaSettings, ExtraAccount, TemplateSettings
from tests.mock_ca import MockCa, basic_client, csr_pem, enroll_form, make_csr, mock_ca, rsa_key
from tests.processes import wait_until

UNSUPPORTED = (
    "Denied by Policy Module  0x80094800, The request was for a certificate template that is not supported "
    'by the Active Directory Certificate Services policy: Nope.\r\n".'
)
BROWSER = "Mozilla/5.0 (Windows NT 10.0)"
SETTINGS = CaSettings(
    templates=(
        TemplateSettings(),
        TemplateSettings(name="WebServer", version=1, friendly_name="Web Server"),
        TemplateSettings(name="Approved", approval=True),
        TemplateSettings(name="RsaOnly", key_types=("rsa",), minimum_rsa_bits=4096),
        TemplateSettings(name="Directory", subject_supplied=False),
        TemplateSettings(name="Others", allowed=(r"ESTORM\somebody",)),
    ),
    accounts=(
        ExtraAccount(user="somebody", password="pw"),
        ExtraAccount(user="locked", password="pw", state="locked"),
        ExtraAccount(user="expired", password="pw", state="expired"),
        ExtraAccount(user="changing", password="pw", state="must-change"),
    ),
    san_attributes=True,
)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockCa]:
    with mock_ca(tmp_path_factory.mktemp("ca"), SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def client(ca: MockCa) -> Iterator[httpx.Client]:
    with basic_client(ca) as made:
        yield made


@pytest.fixture(scope="module")
def browser(ca: MockCa) -> Iterator[httpx.Client]:
    with basic_client(ca, agent=BROWSER) as made:
        yield made


def submit(
    client: httpx.Client, csr: str | None = None, template: str | None = "CiscoRA", **more: str
) -> str:
    answer = client.post("certfnsh.asp", data=enroll_form(csr, template, **more))
    assert answer.status_code == 200
    return answer.text


def issued_id(page: str) -> str:
    found = re.search(r"certnew\.cer\?ReqID=(\d+)&", page)
    assert found, page
    return found[1]


def certificate(client: httpx.Client, page: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(client.get(f"certnew.cer?ReqID={issued_id(page)}").content)


def test_certsrv_moves_to_its_folder_and_keeps_an_odd_port(ca: MockCa, client: httpx.Client) -> None:
    answer = client.get(ca.certsrv)
    assert (answer.status_code, answer.headers["location"]) == (301, f"{ca.certsrv}/")
    assert answer.headers["content-type"] == "text/html; charset=UTF-8"


def test_the_body_of_the_move_is_163_bytes_for_the_host_of_the_guide(
    client: httpx.Client, ca: MockCa
) -> None:
    answer = client.get(ca.certsrv, headers={"Host": "lab-dc-iis.michamen.com:443"})
    assert answer.headers["location"] == "https://lab-dc-iis.michamen.com/certsrv/"
    assert len(answer.content) == 163


@pytest.mark.parametrize(
    ("page", "marker"),
    [
        ("", "Request a certificate"),
        ("default.asp", "Request a certificate"),
        ("certrqus.asp", "advanced certificate request"),
        ("certrqad.asp", "Submit a certificate request by using a base-64-encoded CMC or PKCS #10 file"),
        ("certrqbi.asp", "Identifying Information"),
        ("certrqma.asp", "lbCertTemplate"),
        ("certrqxt.asp", "locTaRequest"),
        ("certcarc.asp", "var nRenewals=0;"),
        ("certckpn.asp", "no pending certificate requests"),
        ("certrmpn.asp?ReqID=7", "pending request 7"),
        ("certsces.asp", "Enrollment Station"),
        ("certfnsh.asp", "Error Number: 0x80070057"),
        ("en-US/certrqxt.asp", "locTaRequest"),
        ("CERTRQXT.ASP", "locTaRequest"),
        ("certrqx%74.asp", "locTaRequest"),
    ],
)
def test_a_page_is_html_with_its_marker(client: httpx.Client, page: str, marker: str) -> None:
    answer = client.get(page)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert marker in answer.text


def test_pages_begin_with_a_blank_line_and_end_lines_with_crlf(client: httpx.Client) -> None:
    body = client.get("certrqxt.asp").content
    assert body.startswith(b"\r\n<")
    assert body.count(b"\n") == body.count(b"\r\n")


def test_headers_are_those_of_iis(client: httpx.Client) -> None:
    headers = client.get("certrqxt.asp", headers={"Cookie": ""}).headers
    assert headers["cache-control"] == "private"
    assert headers["server"] == "Microsoft-IIS/10.0"
    assert headers["x-powered-by"] == "ASP.NET"
    assert "date" in headers


def test_a_first_visit_gets_a_session_cookie(ca: MockCa) -> None:
    with basic_client(ca) as fresh:
        cookie = fresh.get("certrqxt.asp").headers["set-cookie"]
        assert re.fullmatch(r"ASPSESSIONID[A-Z]{8}=[A-Z]{24}; secure; path=/", cookie)
        assert "set-cookie" not in fresh.get("certrqxt.asp").headers


def test_head_has_the_headers_and_no_body(client: httpx.Client) -> None:
    answer = client.head("default.asp")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 1000


def test_options_names_the_methods(client: httpx.Client) -> None:
    assert "POST" in client.options("certfnsh.asp").headers["allow"]


@pytest.mark.parametrize(
    ("method", "page", "status"), [("DELETE", "certfnsh.asp", 405), ("GET", "x.asp", 404)]
)
def test_what_is_not_there_is_an_error_of_iis(
    client: httpx.Client, method: str, page: str, status: int
) -> None:
    assert client.request(method, page, headers={"Content-Length": "0"}).status_code == status


def test_a_post_without_length_is_refused_before_any_challenge(ca: MockCa) -> None:
    context = ssl.create_default_context(cafile=ca.trust_anchor)
    with (
        socket.create_connection((ca.host, ca.port), timeout=5) as tcp,
        context.wrap_socket(tcp, server_hostname=ca.host) as tls,
    ):
        tls.sendall(b"POST /certsrv/certfnsh.asp HTTP/1.1\r\nHost: x\r\n\r\n")
        assert tls.recv(65536).startswith(b"HTTP/1.1 411 Length Required\r\n")


def test_anonymous_is_challenged_with_every_scheme_on_the_page_of_iis(ca: MockCa) -> None:
    answer = httpx.get(ca.certsrv, verify=ssl.create_default_context(cafile=ca.trust_anchor))
    offers = answer.headers.get_list("www-authenticate")
    assert [offer.partition(" ")[0] for offer in offers] == ["Negotiate", "NTLM", "Basic"]
    assert (answer.status_code, len(answer.content)) == (401, 1293)


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("ciscora", "wrong", "1326"),
        ("nobody", "pw", "1326"),
        ("locked", "pw", "1909"),
        ("expired", "pw", "1330"),
        ("changing", "pw", "1907"),
        ("locked", "wrong", "1326"),
    ],
)
def test_basic_that_fails_is_logged_with_the_reason(
    ca: MockCa, user: str, password: str, status: str
) -> None:
    with basic_client(ca, rf"ESTORM\{user}", password) as stranger:
        assert stranger.get("certrqxt.asp").status_code == 401
    wanted = [rf"ESTORM\{user}", "401", "1", status]
    # Rows follow their answers, so those of earlier tests may still come.
    assert wait_until(lambda: any([row[7], *row[11:14]] == wanted for row in ca.log_rows(0))), wanted


def test_the_template_list_has_fourteen_fields_a_line(client: httpx.Client) -> None:
    page = client.get("certrqxt.asp").text
    values = re.findall(r'^<Option Value="([E|O];.*?)">(.*?)\r?$', page, re.MULTILINE)
    assert [value.split(";")[1] for value, _ in values] == [
        "CiscoRA", "WebServer", "Approved", "RsaOnly", "Directory",
    ]  # fmt: skip
    assert {len(value.split(";")) for value, _ in values} == {14}
    assert values[1][1] == values[1][0].split(";")[13] == "Web Server"
    assert values[4][0].startswith("E;")


def test_an_account_sees_the_templates_that_it_may_use(ca: MockCa) -> None:
    with basic_client(ca, r"ESTORM\somebody", "pw") as somebody:
        assert ";Others;" in somebody.get("certrqxt.asp").text


def test_the_text_page_links_the_leaf_before_the_ca(client: httpx.Client) -> None:
    page = submit(client)
    number = issued_id(page)
    links = re.findall(r'<A Href="(certnew[^"]*)"', page)
    assert links == [
        f"certnew.cer?ReqID={number}&amp;Enc=bin",
        f"certnew.cer?ReqID={number}&amp;Enc=b64",
        f"certnew.p7b?ReqID={number}&amp;Enc=bin",
        f"certnew.p7b?ReqID={number}&amp;Enc=b64",
        "certnew.cer?ReqID=CACert&amp;Renewal=0&amp;Mode=inst&amp;Enc=b64",
    ]
    assert "The certificate you requested was issued to you." in page


def test_the_browser_page_links_by_script(browser: httpx.Client) -> None:
    page = submit(browser)
    lines = page.splitlines()
    after = lines[lines.index("function handleGetCert() {") + 1].strip()
    assert after == f'location="certnew.cer?ReqID={issued_id(page)}&"+getEncoding();'
    first_location = next(line for line in lines if 'location="' in line)
    assert "certnew.cer" in first_location
    for marker in ("rbDerEnc", "rbB64Enc", "locB64Enc0", "locDownloadCert3", "Download certificate chain"):
        assert marker in page


def test_pending_has_its_id_and_the_browser_a_comment(client: httpx.Client, browser: httpx.Client) -> None:
    text, scripted = submit(client, template="Approved"), submit(browser, template="Approved")
    found = re.search(r"Your Request Id is (\d+)\.", scripted)
    assert found
    assert f"' nReqId = {found[1]}" in scripted
    assert "nReqId" not in text
    assert "However, you must wait for an\r\nadministrator" in text


def test_a_browser_remembers_its_pending_requests_for_ten_days(ca: MockCa) -> None:
    with basic_client(ca, agent=BROWSER) as fresh:
        submit(fresh, template="Approved")
        first = fresh.get("certckpn.asp").text
        found = re.search(r'Value="(\d+)"', first)
        assert found
        fresh.get(f"certrmpn.asp?ReqID={found[1]}")
        assert "no pending" in fresh.get("certckpn.asp").text


@pytest.mark.parametrize(
    ("csr", "template", "marker"),
    [
        (None, "Nope", UNSUPPORTED),
        (None, None, "0x80094801"),
        (None, "Others", "0x80094012"),
        (None, "RsaOnly", "0x80094811"),
        ("rubbish", "CiscoRA", "Error Parsing Request"),
        ("", "CiscoRA", "Error Parsing Request"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_issued_is_denied_with_an_id(
    client: httpx.Client, csr: str | None, template: str | None, marker: str
) -> None:
    page = submit(client, csr, template).replace("&#34;", '"')
    assert "Certificate Request Denied" in page
    assert re.search(r"Your Request Id is \d+\. The disposition message is \"", page)
    assert marker in page


def test_an_ec_key_is_denied_by_a_template_for_rsa(client: httpx.Client) -> None:
    csr = make_csr(key=ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.PEM).decode()
    assert "0x80090008" in submit(client, csr, "RsaOnly")


def test_an_ec_key_is_certified_where_it_may_be(client: httpx.Client) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    page = submit(client, make_csr(key=key).public_bytes(Encoding.PEM).decode())
    assert certificate(client, page).public_key() == key.public_key()


def test_a_subject_that_is_too_long_is_denied(client: httpx.Client) -> None:
    assert "0x80094001" in submit(client, _csr_with_long_name())


def _csr_with_long_name() -> str:
    # No library sets a bound on a surname, but AD CS does.
    name = x509.Name([x509.NameAttribute(x509.NameOID.SURNAME, "A" * 100)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(rsa_key(), hashes.SHA256())
    return csr.public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    "spelling",
    [
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.replace("\n", ""),
        lambda pem: "".join(pem.splitlines()[1:-1]),
        lambda pem: pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
    ],
    ids=["crlf", "one line", "bare base64", "new"],
)
def test_a_request_is_read_however_it_is_spelt(client: httpx.Client, spelling: Callable[[str], str]) -> None:
    assert "Certificate Issued" in submit(client, spelling(csr_pem()))


def test_broken_percent_escapes_and_foreign_fields_do_not_matter(client: httpx.Client) -> None:
    page = submit(client, TargetStoreFlags="%!s(int=0)", CertificateTemplate="Other", FriendlyType="")
    assert "Certificate Issued" in page


def test_query_and_form_names_are_case_blind(client: httpx.Client) -> None:
    form = {name.upper(): value for name, value in enroll_form().items()}
    number = issued_id(client.post("certfnsh.asp", data=form).text)
    assert client.get(f"certnew.cer?reqid={number}&eNC=BIN").content.startswith(b"\x30\x82")


def test_downloads_say_their_type_to_browsers_alone(client: httpx.Client, browser: httpx.Client) -> None:
    number = issued_id(submit(client))
    for page, kind in (("cer", "application/pkix-cert"), ("p7b", "application/x-pkcs7-certificates")):
        assert browser.get(f"certnew.{page}?ReqID={number}").headers["content-type"] == kind
        assert client.get(f"certnew.{page}?ReqID={number}").headers["content-type"] == "text/html"


def test_base64_is_the_default_in_lines_of_64(client: httpx.Client) -> None:
    lines = client.get(f"certnew.cer?ReqID={issued_id(submit(client))}").text.split("\r\n")
    assert lines[0] == "-----BEGIN CERTIFICATE-----"
    assert lines[-2:] == ["-----END CERTIFICATE-----", ""]
    assert {len(line) for line in lines[1:-3]} == {64}


def test_the_chain_of_a_request_is_leaf_and_ca(client: httpx.Client, ca: MockCa) -> None:
    number = issued_id(submit(client))
    chain = pkcs7.load_der_pkcs7_certificates(client.get(f"certnew.p7b?ReqID={number}&Enc=DER").content)
    anchor = x509.load_pem_x509_certificate(ca.trust_anchor.read_bytes())
    assert {each.subject for each in chain} == {anchor.subject, make_csr().subject}


def test_renewal_minus_one_is_the_newest_ca_certificate(client: httpx.Client) -> None:
    newest = client.get("certnew.cer?ReqID=CACert&Renewal=-1").content
    assert newest == client.get("certnew.cer?ReqID=CACert&Renewal=0").content


@pytest.mark.parametrize(
    ("page", "marker"),
    [
        ("certnew.cer?ReqID=999999", "The requested property value is empty. 0x80094004 (WIN32: -2146877436"),
        ("certnew.cer?ReqID=abc", "0x80094004"),
        ("certnew.cer", "0x80094004"),
        ("certnew.p7b?ReqID=CACert&Renewal=4", "0x80094004"),
        ("certcrl.crl?Type=delta", "0x80094004"),
    ],
)
def test_what_is_not_to_be_had_is_an_html_error_page(client: httpx.Client, page: str, marker: str) -> None:
    answer = client.get(page)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert marker in answer.text
    labels = ("Disposition message:", "Result:", "COM Error Info:", "LastStatus:", "Suggested Cause:")
    for label in labels:
        assert re.search(rf"{label}[^\t]+\t\t([^\r\n]+)\r\n", answer.text)


def test_a_pending_request_has_no_certificate_yet(client: httpx.Client) -> None:
    found = re.search(r"Request Id is (\d+)", submit(client, template="Approved"))
    assert found
    page = client.get(f"certnew.cer?ReqID={found[1]}").text
    assert "\t\tTaken Under Submission\r\n" in page
    assert "The operation completed successfully. 0x0 (WIN32: 0)" in page


def test_a_subject_from_the_directory_replaces_the_one_asked_for(client: httpx.Client) -> None:
    issued = certificate(client, submit(client, template="Directory"))
    assert issued.subject.rfc4514_string() == "CN=ciscora,CN=Users,DC=estorm,DC=test"


def test_a_san_attribute_counts_where_the_ca_takes_it(client: httpx.Client) -> None:
    form = enroll_form() | {"CertAttrib": "CertificateTemplate:CiscoRA\nSAN:dns=a.test&dns=b.test"}
    issued = certificate(client, client.post("certfnsh.asp", data=form).text)
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.test", "b.test"]


def test_a_v1_template_is_named_by_name(client: httpx.Client) -> None:
    issued = certificate(client, submit(client, template="WebServer"))
    extension = issued.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    assert extension.value == b"\x1e\x12" + "WebServer".encode("utf-16-be")


def test_the_serial_number_holds_the_request_id_twice(client: httpx.Client) -> None:
    page = submit(client)
    serial = certificate(client, page).serial_number.to_bytes(19, "big")
    number = int(issued_id(page)).to_bytes(4, "big")
    assert (serial[:1], serial[1:5], serial[15:]) == (b"\x52", number, number)
