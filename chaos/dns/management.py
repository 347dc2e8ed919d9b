"""The management port: challtestsrv's API, and ours for faults beside it.

    GET    /faults      what is active: {"seed": 1, "faults": [{"id": 1, "fault": {...}, "strikes": 0}]}
    PUT    /faults      replace everything by a plan: {"seed": 7, "faults": [{"kind": "nxdomain", ...}]}
    POST   /faults      activate one more: {"kind": "delay", "host": "ca.test", "time": {...}}
    DELETE /faults      end all faults
    DELETE /faults/ID   end one
    GET    /queries     what was asked, and which faults struck
    DELETE /queries     forget it

Ours answers JSON; a refused request is answered {"error": "..."} with 400, 404 or 405.
"""

import msgspec

from chaos.dns.challtestsrv import plain, routes
from chaos.dns.desk import Desk
from chaos.dns.history import QueryLog
from chaos.dns.plan import AnyFault, FaultPlan
from chaos.errors import DnsRefused
from testbed import settings
from testbed.errors import SettingsError
from testbed.web.messages import Request, Response
from testbed.web.server import Peer, Refusal


class Problem(msgspec.Struct, frozen=True):
    """What a refused request is answered with."""

    error: str


class Management:
    """Makes a session for each connection to the management port."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._routes = routes(desk)

    def session(self, _: Peer) -> "_Session":
        """Serves one connection."""
        return _Session(self)

    def answer(self, request: Request) -> Response:
        """The answer to one request."""
        collection, _, member = request.path.removeprefix("/").partition("/")
        if collection == "faults":
            return self._ours(request, member)
        if request.path == "/queries":
            return self._queries(request)
        try:
            return self._routes[request.path](request.body)
        except KeyError:
            return plain(404, "404 page not found")
        except DnsRefused as refused:
            return plain(refused.status, str(refused)) if str(refused) else Response(refused.status)

    def _ours(self, request: Request, member: str) -> Response:
        try:
            if member:
                return self._fault(request, member)
            return self._faults(request)
        except SettingsError as error:
            return _json(400, Problem(str(error)))

    def _faults(self, request: Request) -> Response:
        board = self._desk.board
        match request.method:
            case "GET":
                pass
            case "PUT":
                board.replace(settings.decode(request.body, FaultPlan, "the fault plan"))
            case "POST":
                fault: AnyFault = settings.decode(request.body, AnyFault, "the fault")  # type: ignore[arg-type]
                return _json(201, board.add((fault,))[0])
            case "DELETE":
                board.end()
            case _:
                return _wrong_method(request)
        return _json(200, board.active)

    def _fault(self, request: Request, member: str) -> Response:
        if request.method != "DELETE":
            return _wrong_method(request)
        if not (member.isascii() and member.isdecimal()) or not self._desk.board.end(int(member)):
            return _json(404, Problem(f"there is no fault {member}; it may have ended by itself"))
        return _json(200, self._desk.board.active)

    def _queries(self, request: Request) -> Response:
        history = self._desk.history
        if request.method == "DELETE":
            history.clear()
        elif request.method != "GET":
            return _wrong_method(request)
        return _json(200, QueryLog(self._desk.board.active.seed, history.queries))


class _Session:
    """Serves one connection to the management port."""

    def __init__(self, management: Management) -> None:
        self._management = management

    async def respond(self, request: Request) -> Response:
        """The answer to one request."""
        return self._management.answer(request)

    def refuse(self, refusal: Refusal) -> Response | None:
        """The answer to a request that never became whole."""
        return plain(400, refusal.value)

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        """Nothing is logged here."""


def _wrong_method(request: Request) -> Response:
    return _json(405, Problem(f"{request.method} is not for {request.path}"))


def _json(status: int, value: msgspec.Struct) -> Response:
    return Response(status, (("Content-Type", "application/json"),), msgspec.json.encode(value) + b"\n")
