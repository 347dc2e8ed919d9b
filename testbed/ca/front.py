"""IIS in front of the pages: one session a connection, authentication, response headers, the log."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import format_datetime

from exporters.ca import CaMetrics
from testbed.ca import hresult
from testbed.ca.authentication import Admitted, Challenged, Doorkeeper, Gate, Page
from testbed.ca.capacity import Capacity, Turned, TurnedAway
from testbed.ca.faults import Fault
from testbed.ca.pages import Pages
from testbed.ca.sabotage import Saboteur
from testbed.ca.site import Route, Site, Visit
from testbed.ca.w3c_log import Row, W3cLog
from testbed.web.messages import Request, Response
from testbed.web.server import Peer, Refusal

_LOGGER = logging.getLogger(__name__)
_KERNEL = ("Server", "Microsoft-HTTPAPI/2.0")
_SERVER = (("Server", "Microsoft-IIS/10.0"), ("X-Powered-By", "ASP.NET"))
_FROM_ASP = (("Cache-Control", "private"),)
_KERNEL_HTML = ("Content-Type", "text/html; charset=us-ascii")
_LETTERS = bytes(ord("A") + byte % 26 for byte in range(256))
_COOKIE_NAME = "ASPSESSIONIDQCSTBARD"


@dataclass(slots=True)
class _Case:
    """What the log must know of the request that is being answered."""

    started: float
    stage: str
    user: str = "-"
    sub_status: int = 0
    win32_status: int = 0
    logged: bool = True


@dataclass(slots=True)
class Front:
    """What all connections of one CA share; makes their sessions.

    `end_point` is the server's `tls-server-end-point`, for channel binding; `clock` counts seconds from
    anywhere, `now` tells the time of day.
    """

    site: Site
    saboteur: Saboteur
    capacity: Capacity
    pages: Pages
    doorkeeper: Doorkeeper
    log: W3cLog
    metrics: CaMetrics
    now: Callable[[], dt.datetime]
    random_bytes: Callable[[int], bytes]
    end_point: bytes | None = None
    clock: Callable[[], float] = time.perf_counter
    _date: tuple[int, str] = (0, "")

    def session(self, peer: Peer) -> "FrontSession":
        """The session of a new connection."""
        return FrontSession(self, peer)

    def adopt(self, other: "Front") -> None:
        """Answer every request from now on as `other` would; connections stay logged in as they are."""
        self.site, self.saboteur, self.capacity = other.site, other.saboteur, other.capacity
        self.pages, self.doorkeeper, self.end_point = other.pages, other.doorkeeper, other.end_point

    def date(self) -> str:
        """The Date header's value."""
        now = self.now()
        second = int(now.timestamp())
        if second != self._date[0]:
            self._date = (second, format_datetime(now.replace(microsecond=0), usegmt=True))
        return self._date[1]

    def new_cookie(self) -> str:
        """An ASP session cookie: 24 letters."""
        letters = self.random_bytes(24).translate(_LETTERS).decode("ascii")
        return f"{_COOKIE_NAME}={letters}; secure; path=/"


class FrontSession:
    """Serves one connection."""

    def __init__(self, front: Front, peer: Peer) -> None:
        self._front, self._peer = front, peer
        self._gate = Gate(front.doorkeeper, front.end_point)
        self._case = _Case(0.0, "other")

    async def respond(self, request: Request) -> Response:
        """The answer of IIS to one request."""
        front = self._front
        route = front.site.route(request.path)
        stage = route.stage if route else "other"
        self._case = _Case(front.clock(), stage)
        if _lacks_length(request):
            return self._unlogged(self._kernel(411, close=True))
        # A handshake's second leg belongs to the call that the first leg began: faults strike a call once.
        if not self._gate.is_mid_handshake:
            early = front.saboteur.board.strikes_early(stage)
            if early:
                return await self._early(early)
        verdict = self._gate.admit(request.headers)
        if isinstance(verdict, Challenged):
            return self._challenge(verdict)
        late = front.saboteur.board.strikes_late(stage)
        if late and late.kind == "unauthorized":
            self._gate.forget()
            return self._challenge(front.doorkeeper.refusal("", hresult.SEC_E_LOGON_DENIED))
        self._case.user = verdict.user
        self._count_login(request)
        response = await self._served(route, Visit(request, verdict.account.name), late)
        return self._dressed(response, request, verdict) if self._case.logged else response

    async def _served(self, route: Route | None, visit: Visit, fault: Fault | None) -> Response:
        """The page, after its turn on a worker."""
        front, stage = self._front, self._case.stage
        try:
            if front.capacity.is_unlimited:
                return await self._page(route, visit, fault)
            async with front.capacity.serve(stage, self._peer.gone):
                return await self._page(route, visit, fault)
        except TurnedAway as turned:
            return self._turned_away(turned.why)
        except Exception:
            _LOGGER.exception("%s %s failed", visit.request.method, visit.request.target)
            return front.site.error(500)

    async def _page(self, route: Route | None, visit: Visit, fault: Fault | None) -> Response:
        front = self._front
        if fault is None:
            return await front.site.answer(route, visit)
        return await front.saboteur.answer(fault, route, visit)

    async def _early(self, fault: Fault) -> Response:
        """What comes of a fault that leaves no answer, or not the one that was due."""
        if fault.kind == "cold_challenge":
            refusal = self._front.doorkeeper.refusal("", hresult.SEC_E_NO_CREDENTIALS)
            return self._challenge(replace(refusal, failed=False))
        if fault.kind == "hang":
            await self._front.saboteur.board.hang(self._peer.gone)
        return self._unlogged(Response(500, reset=True))

    def _turned_away(self, why: Turned) -> Response:
        if why is Turned.KERNEL_QUEUE:
            return self._unlogged(self._kernel(503, close=True))
        if why is Turned.PAGE_QUEUE:
            return Response(500, (("Content-Type", "text/html"),), self._front.pages.plain("busy"))
        return self._front.site.error(500)

    def _unlogged(self, response: Response) -> Response:
        """An answer that HTTP.sys gives by itself: no row in the site's log."""
        self._case.logged = False
        return response

    def refuse(self, refusal: Refusal) -> Response | None:
        """What HTTP.sys or ASP answer to a request that never became whole."""
        if refusal is Refusal.TOO_SLOW:
            return None
        if refusal is Refusal.BODY_TOO_LARGE:
            response = self._front.site.error(403)
            return replace(response, headers=(*response.headers, *_SERVER), close=True)
        return self._kernel(400, close=True)

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        """Log and count one answer."""
        case, front = self._case, self._front
        seconds = front.clock() - case.started
        front.metrics.answered(case.stage, response.status, seconds)
        if case.logged:
            win32 = case.win32_status if delivered else hresult.CLIENT_GONE
            front.log.write(self._row(request, response.status, case, win32, int(seconds * 1000)))

    def _row(self, request: Request, status: int, case: _Case, win32: int, milliseconds: int) -> Row:
        headers, peer = request.headers, self._peer
        return Row(
            server_ip=peer.server_host, method=request.method, stem=request.path, query=request.query,
            port=peer.server_port, user=case.user, client_ip=peer.client_host,
            user_agent=headers.get("user-agent") or "", referer=headers.get("referer") or "",
            status=status, sub_status=case.sub_status, win32_status=win32, taken_milliseconds=milliseconds,
        )  # fmt: skip

    def _challenge(self, verdict: Challenged) -> Response:
        case = self._case
        case.user, case.sub_status, case.win32_status = verdict.user, verdict.sub_status, verdict.win32_status
        if verdict.failed and verdict.scheme:
            self._front.metrics.login(verdict.scheme, good=False)
        offers = tuple(("WWW-Authenticate", value) for value in verdict.values)
        date = ("Date", self._front.date())
        if verdict.page is Page.NOT_AUTHORIZED:
            headers = (_KERNEL_HTML, _KERNEL, *offers, date)
            return Response(401, headers, self._front.pages.not_authorized)
        headers = (("Content-Type", "text/html"), *_SERVER[:1], *offers, *_SERVER[1:], date)
        return Response(401, headers, self._front.pages.unauthorized)

    def _kernel(self, status: int, *, close: bool) -> Response:
        headers = (_KERNEL_HTML, _KERNEL, ("Date", self._front.date()))
        return Response(status, headers, self._front.pages.kernel_error(status), close=close)

    def _count_login(self, request: Request) -> None:
        scheme = (request.headers.get("authorization") or "").partition(" ")[0].lower()
        # A connection that is logged in may send whatever it likes there, and a label would show it.
        if scheme in self._front.doorkeeper.schemes:
            self._front.metrics.login(scheme, good=True)

    def _dressed(self, response: Response, request: Request, verdict: Admitted) -> Response:
        """The response with the headers that IIS adds to every answer of a worker."""
        front, headers = self._front, [*response.headers, *_SERVER]
        if response.headers[:1] == _FROM_ASP and request.headers.get("cookie") is None:
            headers.insert(-1, ("Set-Cookie", front.new_cookie()))
        if verdict.persistent and request.headers.get("authorization"):
            headers.append(("Persistent-Auth", "true"))
        if verdict.final:
            headers.append(("WWW-Authenticate", verdict.final))
        headers.append(("Date", front.date()))
        return Response(
            response.status, tuple(headers), response.body, response.close, cut_bytes=response.cut_bytes
        )


def _lacks_length(request: Request) -> bool:
    """Whether HTTP.sys would refuse the request unread: a body of unknown length."""
    if request.method not in ("POST", "PUT"):
        return False
    headers = request.headers
    return headers.get("content-length") is None and headers.get("transfer-encoding") is None
