"""The pages of /certsrv and of IIS itself, rendered to the bytes that go out.

What clients match on a page is in the template of that page, in `pages/`; here is only what goes into it.
"""

import html
from dataclasses import dataclass
from http import HTTPStatus

import jinja2

from testbed.ca import hresult
from testbed.ca.hresult import Hresult
from testbed.ca.settings import TemplateSettings

_FIELDS = (
    "KIND", "NAME", "KEYSPEC", "KEYFLAGS", "ENROLLFLAGS", "PRIVATEKEYFLAGS", "SUBJECTFLAGS", "RASIGNATURES",
    "CSPLIST", "OID", "MAJOR", "HASMINOR", "MINOR", "FRIENDLY",
)  # fmt: skip
_CSP_LIST = "Microsoft RSA SChannel Cryptographic Provider?Microsoft DH SChannel Cryptographic Provider"
_ID_MARK = 987_654_321
_URL_MARK = "URL"
_SUPPLIED_IN_REQUEST = 1
_PEND_ALL_REQUESTS = 2
_KEY_EXCHANGE = 1
_ERROR_TEXT = {
    401: (
        "Unauthorized: Access is denied due to invalid credentials.",
        "You do not have permission to view this directory or page using the credentials that you supplied.",
    ),
    403: (
        "Forbidden: Access is denied.",
        "You do not have permission to view this directory or page using the credentials that you supplied.",
    ),
    404: (
        "File or directory not found.",
        (
            "The resource you are looking for might have been removed, had its name changed, or is "
            "temporarily unavailable."
        ),
    ),
    405: (
        "HTTP verb used to access this page is not allowed.",
        (
            "The page you are looking for cannot be displayed because an invalid method (HTTP verb) was "
            "used to attempt access."
        ),
    ),
    500: (
        "Internal server error.",
        "There is a problem with the resource you are looking for, and it cannot be displayed.",
    ),
}
_KERNEL_TEXT = {
    400: ("Bad Request", "The request is badly formed."),
    401: ("Not Authorized", "The requested resource requires user authentication."),
    411: ("Length Required", "The request must be chunked or have a content length."),
    503: ("Service Unavailable", "The service is unavailable."),
}


@dataclass(frozen=True, slots=True)
class TemplateOption:
    """One line of the template list: 14 fields joined by semicolons, and the label behind it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Absence:
    """Why certnew.cer has no certificate to give."""

    message: str
    result: str
    com_error: str
    last_status: str
    cause: str


def template_option(template: TemplateSettings) -> TemplateOption:
    """How the request form lists a template."""
    label = template.friendly_name or template.name
    fields = (
        "O" if template.subject_supplied else "E", template.name, _KEY_EXCHANGE,
        template.minimum_rsa_bits << 16, _PEND_ALL_REQUESTS if template.approval else 0, 0,
        _SUPPLIED_IN_REQUEST if template.subject_supplied else 0, 0, _CSP_LIST, template.oid,
        template.major_version, 1, template.minor_version, label,
    )  # fmt: skip
    return TemplateOption(";".join(map(str, fields)), label)


class Pages:
    """Renders pages for one CA; `browser` marks a user agent that says Mozilla: links are scripts then."""

    def __init__(self, ca_name: str, renewals: int = 0) -> None:
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("testbed.ca", "pages"), autoescape=True, newline_sequence="\r\n",
            trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
            undefined=jinja2.StrictUndefined, auto_reload=False,
        )  # fmt: skip
        environment.globals.update(
            ca_name=ca_name,
            renewals=renewals,
            statuses=hresult.ALL,
            template_fields=tuple(enumerate(_FIELDS)),
        )
        self._environment = environment
        self._issued = {browser: self._issued_around_id(browser=browser) for browser in (False, True)}
        self._forms: dict[tuple[str, tuple[TemplateSettings, ...]], bytes] = {}
        self._moved = (
            self._render("moved", url=_URL_MARK).replace(b"\r\n", b"\n").split(_URL_MARK.encode("ascii"))
        )
        self.unauthorized = self.server_error(401)
        self.not_authorized = self.kernel_error(401)

    def plain(self, name: str) -> bytes:
        """A page of a fixed text, by its template's name."""
        return self._render(name)

    def with_templates(self, name: str, templates: tuple[TemplateSettings, ...]) -> bytes:
        """A page that lists certificate templates: `form` or `create`."""
        page = self._forms.get((name, templates))
        if page is None:
            page = self._render(name, options=[template_option(each) for each in templates])
            self._forms[name, templates] = page
        return page

    def issued(self, request_id: int, *, browser: bool) -> bytes:
        """The page of an issued certificate."""
        return str(request_id).encode("ascii").join(self._issued[browser])

    def pending(self, request_id: int, *, browser: bool, again: bool) -> bytes:
        """The page of a request that waits for a decision; `again` when it was asked for before."""
        return self._render("pending", request_id=request_id, browser=browser, again=again)

    def denied(self, request_id: int, message: str) -> bytes:
        """The page of a denied request."""
        return self._render("denied", request_id=request_id, message=message)

    def failed(self, mode: str, status: Hresult, message: str) -> bytes:
        """The page of a request that the CA could not even decide on."""
        return self._render("failed", mode=mode, status=status, message=message)

    def no_certificate(self, absence: Absence) -> bytes:
        """The page that certnew.cer answers with instead of a certificate."""
        return self._render(
            "no_certificate", message=absence.message, result=absence.result, com_error=absence.com_error,
            last_status=absence.last_status, cause=absence.cause,
        )  # fmt: skip

    def pending_list(self, requests: tuple[int, ...]) -> bytes:
        """The pending requests that a browser remembers."""
        return self._render("pending_list", requests=requests)

    def pending_removed(self, request_id: int) -> bytes:
        """The page after a browser forgot a pending request."""
        return self._render("pending_removed", request_id=request_id)

    def server_error(self, status: int) -> bytes:
        """IIS's own page for a status."""
        title, text = _ERROR_TEXT.get(status, (HTTPStatus(status).phrase, HTTPStatus(status).description))
        return self._render("server_error", title=f"{status} - {title}", text=text)

    def kernel_error(self, status: int) -> bytes:
        """The page of HTTP.sys, the driver in front of IIS."""
        title, text = _KERNEL_TEXT[status]
        return self._render("kernel_error", status=status, title=title, text=text)

    def moved(self, url: str) -> bytes:
        """The page of a redirect; its line end is LF."""
        return html.escape(url).encode("ascii", "replace").join(self._moved)

    def _issued_around_id(self, *, browser: bool) -> tuple[bytes, ...]:
        # Only the id differs from one issued page to the next, and this page is the largest of all.
        page = self._render("issued_browser" if browser else "issued_text", request_id=_ID_MARK)
        return tuple(page.split(str(_ID_MARK).encode("ascii")))

    def _render(self, name: str, **values: object) -> bytes:
        return self._environment.get_template(f"{name}.j2").render(**values).encode("utf-8", "replace")
