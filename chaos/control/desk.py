"""The control's HTTP API.

    GET    /parts/PART              the part: {"name": "ca", "pid": 4711, "children": [], "starts": 1, ...}
    POST   /parts/PART/kill         end it at once
    POST   /parts/PART/restart      start it anew, on its ports
    GET    /parts/PART/changes      the changes of its settings that hold: [{"number": 1, "settings": {...}}]
    POST   /parts/PART/changes      change settings, {"ca.suspended": true}; answers the change
    DELETE /parts/PART/changes      take all changes back
    DELETE /parts/PART/changes/N    take one back
    PUT    /clocks/NAME             shift the clock: {"offset_seconds": -3600, "rate": 1.0}

PART is `ca` or `ra`, NAME one of those or `generator`. An answer comes when its effect is there; commands
wait for each other. A refused one is answered {"error": "..."}: 400 it cannot be read, 404 and 405 there is
none such, 409 it cannot be done.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from chaos.control.client import Change
from chaos.control.parts import PartsControl
from chaos.errors import ControlRefused
from chaos.system import Clocked, Part, Reading
from testbed import settings
from testbed.errors import SettingsError
from testbed.web.messages import Request, Response
from testbed.web.server import Peer, Refusal

_PATH = re.compile(
    r"(?P<kind>/parts/(?=ca|ra)|/clocks/)(?P<name>ca|ra|generator)"
    r"(?P<what>(?:/[a-z]+)?)(?:/(?P<number>\d{1,9}))?/?"
)


class _Problem(msgspec.Struct, frozen=True):
    error: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a request is about: a part or clock, the number of a change where it names one, its body."""

    name: Clocked
    number: int | None
    body: bytes

    @property
    def part(self) -> Part:
        """The part; the path of a part has no other name."""
        return cast("Part", self.name)


class Desk:
    """Answers requests for `control`, once it is given one."""

    def __init__(self) -> None:
        self.control: PartsControl | None = None

    def session(self, _: Peer) -> "_Session":
        """The session of a new connection."""
        return _Session(self)


class _Session:
    """Serves one connection. It blocks its thread: nothing else is to happen there meanwhile."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def respond(self, request: Request) -> Response:
        """The answer to one request."""
        found = _PATH.fullmatch(request.path)
        act = _ACTS.get(_place(found)) if found else None
        if found is None or act is None:
            return _answer(404, _Problem(f"there is nothing at {request.path}: use /parts/ca or /parts/ra"))
        if request.method not in act:
            return _answer(405, _Problem(f"{request.method} is not for {request.path}"))
        if self._desk.control is None:
            return _answer(409, _Problem("the chain is still being started"))
        number = int(found["number"]) if found["number"] else None
        order = Order(cast("Clocked", found["name"]), number, request.body)
        try:
            return act[request.method](self._desk.control, order)
        except ControlRefused as error:
            return _answer(409, _Problem(str(error)))
        except SettingsError as error:
            return _answer(400, _Problem(str(error)))

    def refuse(self, refusal: Refusal) -> Response | None:
        """The answer to a request that never became whole."""
        return _answer(400, _Problem(refusal.value))

    def finished(self, request: Request, response: Response, *, delivered: bool) -> None:
        """Nothing is logged here."""


def _part(control: PartsControl, order: Order) -> Response:
    return _answer(200, control.part(order.part))


def _kill(control: PartsControl, order: Order) -> Response:
    control.kill(order.part)
    return _part(control, order)


def _restart(control: PartsControl, order: Order) -> Response:
    return _answer(200, control.restart(order.part))


def _changes(control: PartsControl, order: Order) -> Response:
    changes = control.changes(order.part).items()
    return _answer(200, [Change(number, dict(changed)) for number, changed in changes])


def _change(control: PartsControl, order: Order) -> Response:
    wanted = settings.decode(order.body, dict[str, object], "the changes")
    return _answer(201, Change(control.reload(order.part, wanted), wanted))


def _restore(control: PartsControl, order: Order) -> Response:
    control.restore(order.part, order.number)
    return _changes(control, order)


def _clock(control: PartsControl, order: Order) -> Response:
    reading = settings.decode(order.body, Reading, "the clock's reading")
    control.set_clock(order.name, reading)
    return _answer(200, reading)


def _place(path: re.Match[str]) -> str:
    return path["kind"].strip("/") + path["what"] + ("/N" if path["number"] else "")


_ACTS: Mapping[str, Mapping[str, Callable[[PartsControl, Order], Response]]] = {
    "parts": {"GET": _part},
    "parts/kill": {"POST": _kill},
    "parts/restart": {"POST": _restart},
    "parts/changes": {"GET": _changes, "POST": _change, "DELETE": _restore},
    "parts/changes/N": {"DELETE": _restore},
    "clocks": {"PUT": _clock},
}


def _answer(status: int, value: object) -> Response:
    return Response(status, (("Content-Type", "application/json"),), msgspec.json.encode(value) + b"\n")
