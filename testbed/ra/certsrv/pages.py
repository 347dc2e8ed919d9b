"""Reading the CA's answers: which template is offered, what became of a request, what was downloaded.

Texts on the pages are localised, so ids and links decide; the markers are those that AD CS clients match
(certsrv, Certipy, impacket, the common shell scripts). Every function raises CaRefused for an answer that is
not what was asked for.
"""

import html
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7

from testbed.errors import CaPending, CaRefused
from testbed.web.messages import Reply

_OPTION = re.compile(r'<option[^>]*\bvalue\s*=\s*"([^"]*)"', re.IGNORECASE)
_CERTIFICATE_LINK = re.compile(r"certnew\.cer\?ReqID=(\d{1,10})&")
_REQUEST_ID = re.compile(r"Your Request Id is (\d{1,10})", re.IGNORECASE)
_DENIED = re.compile(r"\bid=\"?locDenied\b|request was denied", re.IGNORECASE)
_PENDING = re.compile(r"\bid=\"?locInfoNewReq\b|Certificate Pending", re.IGNORECASE)
_DISPOSITION = re.compile(r'The disposition message is "([^"]+)"?', re.IGNORECASE)
_DOWNLOAD_ERROR = re.compile(r"Disposition message:[^\t]+\t\t([^\r\n]+)", re.IGNORECASE)
# certnew.cer's page for a request under submission: CR_DISP_UNDER_SUBMISSION.
_UNDECIDED = re.compile(r"\bDisposition: 5\b")
_TEMPLATE_NAME_FIELD = 1


def check_login(reply: Reply) -> None:
    """`/certsrv` let the account in: anything but a refusal, the redirect to `/certsrv/` as a rule."""
    if reply.status >= 400:
        raise CaRefused(f"http_{reply.status}", f"MS CA login failed with HTTP status {reply.status}")


def offered_templates(page: str) -> frozenset[str]:
    """The real names of the templates on the request form: field 2 of each option's 14."""
    names = set()
    for value in _OPTION.findall(page):
        fields = html.unescape(value).split(";")
        if len(fields) > _TEMPLATE_NAME_FIELD:
            names.add(fields[_TEMPLATE_NAME_FIELD])
    return frozenset(names)


def check_form(reply: Reply, template: str) -> None:
    """`certrqxt.asp` offers `template` to this account."""
    _require_ok(reply)
    if template not in offered_templates(_text(reply)):
        raise CaRefused("template_missing", f"template {template} is not offered on the request form")


def request_id(reply: Reply) -> int:
    """The id under which `certfnsh.asp` issued a certificate; CaPending when it waits for a decision."""
    _require_ok(reply)
    page = _text(reply)
    if issued := _CERTIFICATE_LINK.search(page):
        return int(issued.group(1))
    number = _REQUEST_ID.search(page)
    known = f"ReqID={number.group(1)}" if number else "no ReqID"
    if _DENIED.search(page):
        message = _DISPOSITION.search(page)
        reason = html.unescape(message.group(1)) if message else "no disposition message"
        raise CaRefused("denied", f"certificate request denied, {known}: {reason}")
    if _PENDING.search(page):
        if number is None:
            raise CaRefused("pending", f"certificate request is pending, {known}")
        raise CaPending(int(number.group(1)), f"certificate request is pending, {known}")
    raise CaRefused("no_request_id", "no ReqID on the page that answered the request")


def certificate(reply: Reply) -> x509.Certificate:
    """The certificate that `certnew.cer` sent, in PEM or DER; CaPending when there is none yet."""
    _require_ok(reply)
    try:
        if b"-----BEGIN" in reply.body:
            return x509.load_pem_x509_certificate(reply.body)
        return x509.load_der_x509_certificate(reply.body)
    except (ValueError, x509.InvalidVersion) as error:
        if _UNDECIDED.search(_text(reply)):
            raise CaPending(None, "certificate request is still pending") from error
        raise CaRefused("no_certificate", _download_problem(reply)) from error


def certificates(reply: Reply) -> list[x509.Certificate]:
    """The CA's certificates that `certnew.p7b` sent, in DER."""
    _require_ok(reply)
    try:
        found = pkcs7.load_der_pkcs7_certificates(reply.body)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CaRefused("no_chain", _download_problem(reply)) from error
    if not found:
        raise CaRefused("no_chain", "the PKCS#7 of the CA holds no certificate")
    return found


def _download_problem(reply: Reply) -> str:
    disposition = _DOWNLOAD_ERROR.search(_text(reply))
    if disposition:
        return f"no certificate, the CA says: {disposition.group(1).strip()}"
    kind = reply.headers.get("content-type") or "no content type"
    return f"no certificate in {len(reply.body)} bytes of {kind}"


def _require_ok(reply: Reply) -> None:
    if reply.status != 200:
        raise CaRefused(f"http_{reply.status}", f"HTTP status {reply.status}")


def _text(reply: Reply) -> str:
    return reply.body.decode("latin-1")
