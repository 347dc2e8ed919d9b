"""challtestsrv's management API, the part of it that is about DNS.

Bodies are read as Go reads JSON: keys in any case, unknown ones ignored, null the same as nothing. Any method
will do. A body that cannot be read is 400 with a line that says why; a parameter that is missing is 400 with
an empty body; all else is 200 with an empty body, or a JSON list from the histories.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from chaos.dns.desk import Desk
from chaos.dns.records import CaaPolicy, caa_values
from chaos.dns.reply import RecordType
from chaos.errors import DnsRefused
from testbed.web.messages import Response

T = TypeVar("T")
Handler = Callable[[bytes], Response]
_TEXT = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
_JSON = (("Content-Type", "application/json; charset=utf-8"),)
_EVENT_TYPES = ("http", "dns", "tlsalpn")
_DONE = Response(200)


class HostBody(msgspec.Struct, frozen=True):
    """A name."""

    host: str = ""


class AddressesBody(msgspec.Struct, frozen=True):
    """A name and its addresses."""

    host: str = ""
    addresses: list[str] = []


class ValueBody(msgspec.Struct, frozen=True):
    """A name and a text."""

    host: str = ""
    value: str = ""


class TargetBody(msgspec.Struct, frozen=True):
    """A name and the one it stands for."""

    host: str = ""
    target: str = ""


class PoliciesBody(msgspec.Struct, frozen=True):
    """A name and who may issue certificates for it."""

    host: str = ""
    policies: list[CaaPolicy] = []


class DefaultBody(msgspec.Struct, frozen=True):
    """The address of names that have none of their own; empty for no address."""

    ip: str = ""


class ClearBody(msgspec.Struct, frozen=True):
    """Whose history of what is to be forgotten."""

    host: str = ""
    type: str = ""


def routes(desk: Desk) -> Mapping[str, Handler]:
    """Every path and what serves it."""
    api = _Api(desk)
    clear = {"a": RecordType.A, "aaaa": RecordType.AAAA, "caa": RecordType.CAA, "cname": RecordType.CNAME}
    return {
        **{f"/clear-{name}": partial(api.clear, type_) for name, type_ in clear.items()},
        "/clear-txt": partial(api.clear, RecordType.TXT),
        "/add-a": partial(api.add_addresses, RecordType.A),
        "/add-aaaa": partial(api.add_addresses, RecordType.AAAA),
        "/add-caa": api.add_caa,
        "/set-txt": api.set_txt,
        "/set-cname": api.set_cname,
        "/set-servfail": partial(api.set_servfail, failing=True),
        "/clear-servfail": partial(api.set_servfail, failing=False),
        "/set-default-ipv4": api.set_default_ipv4,
        "/set-default-ipv6": api.set_default_ipv6,
        "/dns-request-history": api.dns_history,
        "/http-request-history": api.empty_history,
        "/tlsalpn01-request-history": api.empty_history,
        "/clear-request-history": api.clear_history,
    }


def plain(status: int, text: str) -> Response:
    """A refusal as Go words it: one line of plain text."""
    return Response(status, _TEXT, f"{text}\n".encode())


class _Api:
    """What each request does. DnsRefused when it cannot be done."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._records = desk.records

    def clear(self, type_: RecordType, body: bytes) -> Response:
        self._records.clear(type_, _needed(_read(body, HostBody).host))
        return _DONE

    def add_addresses(self, type_: RecordType, body: bytes) -> Response:
        given = _read(body, AddressesBody)
        addresses = _needed(given.addresses)
        self._records.add(type_, _needed(given.host), [(address,) for address in addresses])
        return _DONE

    def add_caa(self, body: bytes) -> Response:
        given = _read(body, PoliciesBody)
        self._records.add(RecordType.CAA, _needed(given.host), caa_values(_needed(given.policies)))
        return _DONE

    def set_txt(self, body: bytes) -> Response:
        given = _read(body, ValueBody)
        self._records.add(RecordType.TXT, _needed(given.host), [(_needed(given.value),)])
        return _DONE

    def set_cname(self, body: bytes) -> Response:
        given = _read(body, TargetBody)
        self._records.set_alias(_needed(given.host), _needed(given.target))
        return _DONE

    def set_servfail(self, body: bytes, *, failing: bool) -> Response:
        self._records.set_failing(_needed(_read(body, HostBody).host), failing=failing)
        return _DONE

    def set_default_ipv4(self, body: bytes) -> Response:
        self._records.default_ipv4 = _read(body, DefaultBody).ip
        return _DONE

    def set_default_ipv6(self, body: bytes) -> Response:
        self._records.default_ipv6 = _read(body, DefaultBody).ip
        return _DONE

    def dns_history(self, body: bytes) -> Response:
        queries = self._desk.history.of(_history_host(body))
        events = [
            {"Question": {"Name": q.name, "Qtype": q.type, "Qclass": q.class_}, "UserAgent": ""}
            for q in queries
        ]
        return Response(200, _JSON, json.dumps(events, indent=3).encode())

    def empty_history(self, body: bytes) -> Response:
        _history_host(body)
        return Response(200, _JSON, b"[]")

    def clear_history(self, body: bytes) -> Response:
        given = _read(body, ClearBody)
        if not given.host:
            raise DnsRefused(400, "host parameter must not be empty")
        if given.type not in _EVENT_TYPES:
            raise DnsRefused(400, f"{json.dumps(given.type, ensure_ascii=False)} event type unknown")
        if given.type == "dns":
            self._desk.history.clear(given.host)
        return _DONE


def _history_host(body: bytes) -> str:
    host = _read(body, HostBody).host
    if not host:
        raise DnsRefused(400, "host parameter of POST body must not be empty")
    return host


def _needed(value: T) -> T:
    if not value:
        raise DnsRefused(400, "")
    return value


def _read(body: bytes, kind: type[T]) -> T:
    if not body:
        raise DnsRefused(400, "expected JSON POST body, was empty")
    try:
        value: object = msgspec.json.decode(body)
        return msgspec.convert({} if value is None else _as_go_has_it(value), kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DnsRefused(400, f"invalid JSON: {error}") from error


def _as_go_has_it(value: object) -> object:
    """Keys in lower case, members that are null left out."""
    if isinstance(value, dict):
        return {key.lower(): _as_go_has_it(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_as_go_has_it(each) for each in value]
    return value
