"""The policy module: whether a request is issued, must wait or is denied, and with which HRESULT."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa

from testbed.ca import hresult
from testbed.ca.hresult import Hresult
from testbed.ca.records import Disposition
from testbed.ca.settings import CaSettings, TemplateSettings
from testbed.ca.submission import CertificateRequest

_LONGEST_NAME = 64
SUCCESS = hresult.SUCCESS
SUBMITTED = "Taken Under Submission"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a request: issued, pending or denied, and the disposition message."""

    disposition: Disposition
    status: Hresult
    message: str
    template: TemplateSettings | None = None


class Policy:
    """Decides by the templates a CA offers, and by whom the CA itself admits."""

    def __init__(self, settings: CaSettings) -> None:
        self._templates: Mapping[str, TemplateSettings] = {
            each.name.lower(): each for each in settings.offered
        }
        self._suspended = settings.suspended
        self._not_admitted = {name.lower() for name in settings.denied_accounts}

    def named(self, template: str) -> TemplateSettings | None:
        """The template of this name, in any case, or None."""
        return self._templates.get(template.lower())

    def offered_to(self, account: str) -> tuple[TemplateSettings, ...]:
        r"""The templates that an account (`DOMAIN\user`) may enroll for, as the request form lists them."""
        return tuple(each for each in self._templates.values() if _may_enroll(account, each))

    def decide(self, account: str, template_name: str | None, request: CertificateRequest) -> Decision:
        """The decision on a readable request."""
        if self._suspended:
            return _denied(hresult.SUSPENDED, hresult.SUSPENDED.text)
        if account.lower() in self._not_admitted:
            return _denied(hresult.ENROLL_DENIED, hresult.ENROLL_DENIED.text)
        if template_name is None:
            return _denied(
                hresult.NO_TEMPLATE,
                "The request does not contain a certificate template extension or the "
                "CertificateTemplate request attribute.",
            )
        template = self.named(template_name)
        if template is None:
            return _denied(
                hresult.UNSUPPORTED_TEMPLATE,
                "The request was for a certificate template that is not supported by the Active Directory "
                f"Certificate Services policy: {template_name}.",
            )
        if not _may_enroll(account, template):
            return _denied(hresult.TEMPLATE_DENIED, f"{hresult.TEMPLATE_DENIED.text} {template.name}.")
        return _fault_of(request, template) or _accepted(template)


def unreadable() -> Decision:
    """The decision on bytes that are no certificate request."""
    status = hresult.ASN1_CORRUPT
    message = f"Error Parsing Request  {status.text} {status.hex} (ASN: 258 {status.symbol})"
    return Decision(Disposition.DENIED, status, message)


def no_database_session() -> Decision:
    """The decision when every database session is taken."""
    return _denied(hresult.NO_DB_SESSIONS, hresult.NO_DB_SESSIONS.text)


def refused_by_officer() -> Decision:
    """The decision of a certificate manager who refuses."""
    status = hresult.REFUSED_BY_OFFICER
    return Decision(Disposition.DENIED, status, f"Denied by {status.text} {status.hex} ({status.symbol})")


def _fault_of(request: CertificateRequest, template: TemplateSettings) -> Decision | None:
    """Why the template forbids this key or subject, or None."""
    key = request.public_key
    is_rsa = isinstance(key, rsa.RSAPublicKey)
    if ("rsa" if is_rsa else "ec") not in template.key_types:
        return _denied(hresult.KEY_TYPE, hresult.KEY_TYPE.text)
    if is_rsa and key.key_size < template.minimum_rsa_bits:
        return _denied(hresult.KEY_LENGTH, hresult.KEY_LENGTH.text)
    values = [str(attribute.value) for attribute in request.subject]
    if template.subject_supplied and (not values or max(map(len, values)) > _LONGEST_NAME):
        status = hresult.BAD_SUBJECT
        message = (
            f"Error Constructing or Publishing Certificate  {status.text} {status.hex} ({status.symbol})"
        )
        return Decision(Disposition.DENIED, status, message)
    return None


def _accepted(template: TemplateSettings) -> Decision:
    if template.approval:
        return Decision(Disposition.PENDING, SUCCESS, SUBMITTED, template)
    return Decision(Disposition.ISSUED, SUCCESS, "Issued", template)


def _denied(status: Hresult, text: str) -> Decision:
    # Clients match the two blanks before the code.
    message = f"Denied by Policy Module  {status.hex}, {text}\r\n"
    return Decision(Disposition.DENIED, status, message)


def _may_enroll(account: str, template: TemplateSettings) -> bool:
    return not template.allowed or account.lower() in {name.lower() for name in template.allowed}
