"""The URLs of /certsrv: which page answers a request of an account that has logged in."""

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from testbed.ca import hresult
from testbed.ca.authority import pem
from testbed.ca.pages import Absence, Pages
from testbed.ca.records import Disposition, RequestRecord
from testbed.ca.service import CertificationService
from testbed.ca.submission import parse_form, parse_query
from testbed.errors import DatabaseError, DiskFull
from testbed.web.messages import Header, Request, Response

HTML = "text/html"
_CERTIFICATE, _CHAIN, _CRL = (
    "application/pkix-cert",
    "application/x-pkcs7-certificates",
    "application/pkix-crl",
)
_LOCALE = re.compile(r"^/certsrv/[a-z]{2}-[a-z]{2,4}/")
_READ, _ASP = ("GET", "HEAD"), ("GET", "HEAD", "POST")
_REQUESTS_COOKIE = "Requests"
_COOKIE_DAYS = 10


@dataclass(frozen=True)
class Visit:
    r"""One request of an account, `DOMAIN\user`."""

    request: Request
    account: str

    @cached_property
    def browser(self) -> bool:
        """Whether the user agent says Mozilla, the only thing the pages look at."""
        return "Mozilla" in (self.request.headers.get("user-agent") or "")

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query's parameters, names in lower case."""
        return parse_query(self.request.query)

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The body's form fields, names in lower case."""
        return parse_form(self.request.body)

    @cached_property
    def remembered(self) -> tuple[int, ...]:
        """The pending requests that the browser's cookie lists."""
        pairs = (
            pair.strip().partition("=") for pair in (self.request.headers.get("cookie") or "").split(";")
        )
        values = next((value for name, _, value in pairs if name == _REQUESTS_COOKIE), "")
        return tuple(int(number) for number in re.findall(r"\d{1,10}", unquote(values))[:50])


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One URL: its stage of an enrollment, the methods it takes, and what answers it."""

    stage: str
    methods: tuple[str, ...]
    answer: Handler


class Site:
    """All pages of one CA's /certsrv."""

    def __init__(self, service: CertificationService, pages: Pages, now: Callable[[], dt.datetime]) -> None:
        self._service, self._pages, self._now = service, pages, now
        fixed = {
            "": ("login", "welcome"),
            "default.asp": ("login", "welcome"),
            "certrqus.asp": ("form", "user_request"),
            "certrqad.asp": ("form", "advanced"),
            "certrqbi.asp": ("form", "identification"),
            "certcarc.asp": ("form", "ca_certificates"),
            "certsces.asp": ("form", "enrollment_station"),
        }
        routes = {name: Route(stage, _ASP, self._fixed(page)) for name, (stage, page) in fixed.items()}
        routes |= {
            "certrqxt.asp": Route("form", _ASP, self._templates("form")),
            "certrqma.asp": Route("form", _ASP, self._templates("create")),
            "certfnsh.asp": Route("submit", _ASP, self._finish),
            "certnew.cer": Route("download", _ASP, self._certificate),
            "certnew.p7b": Route("download", _ASP, self._chain),
            "certcrl.crl": Route("download", _ASP, self._revocation_list),
            "certckpn.asp": Route("form", _ASP, self._pending_list),
            "certrmpn.asp": Route("form", _ASP, self._forget_pending),
        }
        self._routes = {f"/certsrv/{name}": route for name, route in routes.items()}
        self._routes["/certsrv"] = Route("login", _READ, self._redirect)

    def route(self, path: str) -> Route | None:
        """The route of a raw path, in any case and under any locale folder, or None."""
        wanted = path.lower()
        route = self._routes.get(wanted)
        if route is None:
            wanted = _LOCALE.sub("/certsrv/", unquote(wanted, errors="replace").lower())
            route = self._routes.get(wanted)
        return route

    async def answer(self, route: Route | None, visit: Visit) -> Response:
        """The answer to one request of an account that has logged in."""
        if route is None:
            return self.error(404)
        method = visit.request.method
        if method == "OPTIONS":
            allowed = ", ".join(("OPTIONS", "TRACE", *route.methods))
            return Response(200, (("Allow", allowed), ("Public", allowed)))
        if method not in route.methods:
            return self.error(405, ("Allow", ", ".join(route.methods)))
        return await route.answer(visit)

    def error(self, status: int, *headers: Header) -> Response:
        """IIS's own answer with an error status."""
        return Response(status, (("Content-Type", HTML), *headers), self._pages.server_error(status))

    def _html(self, page: bytes, *headers: Header) -> Response:
        return Response(200, (("Cache-Control", "private"), ("Content-Type", HTML), *headers), page)

    def _fixed(self, page: str) -> Handler:
        body = self._pages.plain(page)

        async def answer(_: Visit) -> Response:
            return self._html(body)

        return answer

    def _templates(self, page: str) -> Handler:
        async def answer(visit: Visit) -> Response:
            offered = self._service.policy.offered_to(visit.account)
            return self._html(self._pages.with_templates(page, offered))

        return answer

    async def _redirect(self, visit: Visit) -> Response:
        host = visit.request.headers.get("host") or "localhost"
        url = f"https://{host.removesuffix(':443')}/certsrv/"
        headers = (("Content-Type", "text/html; charset=UTF-8"), ("Location", url))
        return Response(301, headers, self._pages.moved(url))

    # -- submission

    async def _finish(self, visit: Visit) -> Response:
        mode = visit.form.get("mode", "").strip().lower()
        try:
            if mode == "chkpnd":
                return await self._check_pending(visit)
            if mode.startswith("newreq"):
                record = await self._service.submit(visit.account, visit.form)
                return self.outcome(record, visit, again=False)
        except DatabaseError as error:
            status = hresult.DISK_FULL if isinstance(error, DiskFull) else hresult.FAILURE
            return self._html(self._pages.failed(mode, status, "(never set)"))
        return self._html(self._pages.failed(mode, hresult.INVALID_ARGUMENT, "(never set)"))

    async def _check_pending(self, visit: Visit) -> Response:
        record = await self._find(visit.form.get("reqid", ""))
        if record is None:
            return self._html(self._pages.failed("chkpnd", hresult.PROPERTY_EMPTY, "(never set)"))
        return self.outcome(record, visit, again=True)

    def outcome(self, record: RequestRecord, visit: Visit, *, again: bool) -> Response:
        """The page that tells what became of a request; `again` when it was asked for before."""
        if record.disposition in (Disposition.ISSUED, Disposition.REVOKED):
            return self._html(self._pages.issued(record.id, browser=visit.browser))
        if record.disposition is Disposition.DENIED:
            return self._html(self._pages.denied(record.id, record.message))
        page = self._pages.pending(record.id, browser=visit.browser, again=again)
        return self._html(page, *_remember((*visit.remembered, record.id)))

    async def _pending_list(self, visit: Visit) -> Response:
        return self._html(self._pages.pending_list(visit.remembered))

    async def _forget_pending(self, visit: Visit) -> Response:
        number = _number(visit.query.get("reqid", visit.form.get("reqid", ""))) or 0
        kept = tuple(each for each in visit.remembered if each != number)
        return self._html(self._pages.pending_removed(number), *_remember(kept))

    # -- downloads

    async def _certificate(self, visit: Visit) -> Response:
        if visit.query.get("reqid", "").lower() == "cacert":
            return self._ca_certificate(visit)
        record = await self._find(visit.query.get("reqid", ""))
        if record is None or record.certificate is None:
            return self.absence(record)
        self._service.fetched(record.id)
        return _download(record.certificate, visit, _CERTIFICATE)

    def _ca_certificate(self, visit: Visit) -> Response:
        if _unknown_renewal(visit):
            return self.absence(None)
        certificate = self._service.authority.certificate.public_bytes(serialization.Encoding.DER)
        install = visit.query.get("mode", "").lower() == "inst"
        return _download(certificate, visit, "application/x-x509-ca-cert" if install else _CERTIFICATE)

    async def _chain(self, visit: Visit) -> Response:
        if visit.query.get("reqid", "").lower() == "cacert":
            if _unknown_renewal(visit):
                return self.absence(None)
            return _download(self._service.authority.chain_pkcs7(), visit, _CHAIN)
        record = await self._find(visit.query.get("reqid", ""))
        if record is None or record.certificate is None:
            return self.absence(record)
        self._service.fetched(record.id)
        leaf = x509.load_der_x509_certificate(record.certificate)
        return _download(self._service.authority.chain_pkcs7(leaf), visit, _CHAIN)

    async def _revocation_list(self, visit: Visit) -> Response:
        if visit.query.get("type", "base").lower() == "delta" or _unknown_renewal(visit):
            return self.absence(None)
        return _download(self._service.revocation_list.encoded(self._now()), visit, _CRL, "X509 CRL")

    def absence(self, record: RequestRecord | None) -> Response:
        """The page that stands where a certificate was asked for: unknown, pending or refused."""
        return self._html(self._pages.no_certificate(_why_absent(record)))

    async def _find(self, text: str) -> RequestRecord | None:
        number = _number(text)
        return await self._service.retrieve(number) if number else None


def _why_absent(record: RequestRecord | None) -> Absence:
    if record is None:
        status = hresult.PROPERTY_EMPTY
        text = f"{status.text} {status.hex} (WIN32: {status.signed} {status.symbol})"
        return Absence("(never set)", text, "CCertRequest::GetFullResponseProperty", text, "No such request.")
    if record.disposition is Disposition.PENDING:
        status = hresult.SUCCESS
        last = f"{status.text} 0x0 (WIN32: 0)"
        return Absence(
            record.message, "Disposition: 5", "(none)", last, "The request waits for a certificate manager."
        )
    message = " ".join(record.message.split())
    last = f"0x{record.status:08x} ({record.status - (1 << 32)})"
    return Absence(message, "Disposition: 2", "(none)", last, "The request was denied.")


def _download(der: bytes, visit: Visit, content_type: str, label: str = "CERTIFICATE") -> Response:
    """A file in the encoding that was asked for; only browsers get its content type."""
    binary = visit.query.get("enc", "b64").lower() in ("bin", "der")
    headers = (("Cache-Control", "private"), ("Content-Type", content_type if visit.browser else HTML))
    return Response(200, headers, der if binary else pem(der, label))


def _remember(requests: tuple[int, ...]) -> tuple[Header, ...]:
    value = "%2C".join(str(number) for number in dict.fromkeys(requests))
    age = _COOKIE_DAYS * 86_400 if value else 0
    return (("Set-Cookie", f"{_REQUESTS_COOKIE}={value}; max-age={age}; path=/certsrv; secure"),)


def _unknown_renewal(visit: Visit) -> bool:
    """Whether a CA certificate other than the only one is asked for; -1 is the newest."""
    return visit.query.get("renewal", "0").strip() not in ("", "0", "-1")


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
