"""The management port: faults switched at run time, as JSON over HTTP.

    GET    /faults      what is active: {"seed": 1, "faults": [{"id": 1, "fault": {...}, "injected": 0}]}
    PUT    /faults      replace everything by a plan: {"seed": 7, "faults": [{"kind": "hang", ...}]}
    POST   /faults      activate one more fault: {"kind": "delay", "stage": "form", "seconds": 12}
    DELETE /faults      end all faults
    DELETE /faults/ID   end one

Every answer is JSON; a refused request is answered {"error": "..."} with 400, 404 or 405.
"""

import msgspec

from testbed import settings
from testbed.ca.faults import ActiveFault, Fault, FaultBoard, FaultPlan
from testbed.errors import SettingsError
from testbed.web.messages import Request, Response
from testbed.web.server import Peer, Refusal

_METHODS = ("GET", "PUT", "POST", "DELETE")


class Board(msgspec.Struct, frozen=True):
    """What GET shows."""

    seed: int
    faults: tuple[ActiveFault, ...]


class Problem(msgspec.Struct, frozen=True):
    """What a refused request is answered with."""

    error: str


class ManagementSession:
    """Serves one connection to the management port."""

    def __init__(self, board: FaultBoard, _: Peer) -> None:
        self._board = board

    async def respond(self, request: Request) -> Response:
        """The answer to one request."""
        collection, _, member = request.path.strip("/").partition("/")
        if collection != "faults" or (member and not member.isdecimal()):
            return _json(404, Problem(f"there is nothing at {request.path}: use /faults or /faults/ID"))
        if request.method not in (("DELETE",) if member else _METHODS):
            return _json(405, Problem(f"{request.method} is not for {request.path}"))
        try:
            return self._act(request, int(member) if member else None)
        except SettingsError as error:
            return _json(400, Problem(str(error)))

    def refuse(self, refusal: Refusal) -> Response | None:
        """The answer to a request that never became whole."""
        return _json(400, Problem(refusal.value))

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        """Nothing is logged here."""

    def _act(self, request: Request, fault_id: int | None) -> Response:
        board = self._board
        if request.method == "DELETE":
            if not board.end(fault_id) and fault_id is not None:
                return _json(404, Problem(f"there is no fault {fault_id}"))
        elif request.method == "PUT":
            board.replace(settings.decode(request.body, FaultPlan, "the fault plan"))
        elif request.method == "POST":
            added = board.add((settings.decode(request.body, Fault, "the fault"),))
            return _json(201, added[0])
        return _json(200, Board(board.seed, board.active))


def _json(status: int, value: msgspec.Struct) -> Response:
    return Response(status, (("Content-Type", "application/json"),), msgspec.json.encode(value) + b"\n")
