"""JSON as Toxiproxy reads and writes it: Go's leniency in, Go's wording of errors, Go's order of keys out."""

import decimal
import json
import struct
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from chaos.errors import ProxyRefused
from chaos.tcp.proxy import Proxy, ToxicEntry

S = TypeVar("S", bound=msgspec.Struct)
# A request's field: JSON of any type, until it has been held against the field it is for.
Json = object

_GO_TYPES = {int: "int64", float: "float32", str: "string", bool: "bool"}
_PLACES = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Expecting ','": "after object key:value pair",
    "Illegal trailing comma": "looking for beginning of value",
    "Invalid control": "in string literal",
    "Invalid \\": "in string escape code",
}


class ProxyFields(msgspec.Struct, frozen=True):
    """What a request says of a proxy."""

    name: str = ""
    listen: str = ""
    upstream: str = ""
    enabled: bool = True


class ToxicFields(msgspec.Struct, frozen=True):
    """What a request says of a toxic, its attributes apart."""

    name: str = ""
    type: str = ""
    stream: str = "downstream"
    toxicity: float = 1.0


def first_value(body: bytes) -> Json:
    """The first JSON value in `body`, whatever follows it; ProxyRefused (400) when there is none."""
    text = body.decode(errors="replace").lstrip(" \t\r\n")
    if not text:
        raise bad_body("EOF")
    try:
        value, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)
    except json.JSONDecodeError as error:
        raise bad_body(_go_words(error)) from error
    except (RecursionError, ValueError) as error:
        raise bad_body(f"json: {error}" if isinstance(error, ValueError) else "exceeded max depth") from error
    return value


def bad_body(why: str) -> ProxyRefused:
    """The refusal of a body."""
    return ProxyRefused(400, f"bad request body: {why}")


def filled(base: S, given: Json, path: str = "") -> S:
    """`base` with the fields that `given`, a JSON object, names: in any case; null changes nothing.

    Unknown keys are dropped; ProxyRefused (400) for a value of the wrong type.
    """
    if given is None:
        return base
    if not isinstance(given, dict):
        raise bad_body(f"json: cannot unmarshal {_json_kind(given)} into Go value")
    kinds = {field.name: field.type for field in msgspec.structs.fields(type(base))}
    changes = {
        key.lower(): _fitting(value, kinds[key.lower()], f"{path}.{key.lower()}")
        for key, value in given.items()
        if key.lower() in kinds and value is not None
    }
    return msgspec.structs.replace(base, **changes)


def key_of(given: Json, name: str) -> Json:
    """The value of a key in a JSON object, in any case; None when it has none."""
    if not isinstance(given, dict):
        return None
    return next((value for key, value in given.items() if key.lower() == name), None)


def proxy_json(proxy: Proxy) -> Mapping[str, Json]:
    """A proxy as it stands in answers. `Logger` is an accident of Toxiproxy's, always there."""
    return {
        "name": proxy.name, "listen": proxy.listen, "upstream": proxy.upstream, "enabled": proxy.enabled,
        "Logger": {}, "toxics": [toxic_json(entry) for entry in proxy.toxics],
    }  # fmt: skip


def toxic_json(entry: ToxicEntry) -> Mapping[str, Json]:
    """A toxic as it stands in answers."""
    attributes = {name: go_number(value) for name, value in msgspec.structs.asdict(entry.toxic).items()}
    return {
        "attributes": attributes, "name": entry.name, "type": entry.toxic.type, "stream": entry.stream,
        "toxicity": go_number(as_float32(entry.toxicity), single=True),
    }  # fmt: skip


def encoded(value: Json) -> bytes:
    """`value` as Go writes JSON."""
    text = msgspec.json.encode(value)
    return text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")


def as_float32(value: float) -> float:
    """`value` as a float32 holds it; ProxyRefused (400) when it is too large for one."""
    try:
        return _rounded_to_float32(value)
    except OverflowError:
        raise bad_body(f"json: cannot unmarshal number {value:g} into Go value of type float32") from None


def go_number(value: float, *, single: bool = False) -> msgspec.Raw:
    """`value` in the shortest form that reads back the same, as a float32 when `single`."""
    if isinstance(value, int):
        return msgspec.Raw(b"%d" % value)
    text = next(
        shown for digits in range(1, 18) if _same(float(shown := f"{value:.{digits}g}"), value, single=single)
    )
    return msgspec.Raw(_positional(text, value).encode())


def _same(read: float, value: float, *, single: bool) -> bool:
    try:
        return (_rounded_to_float32(read) if single else read) == value
    except OverflowError:
        return False  # fewer digits have rounded it up beyond the largest float32


def _rounded_to_float32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _positional(text: str, value: float) -> str:
    """Without an exponent in the range where Go writes none, and Go's short exponent elsewhere."""
    if "e" not in text:
        return text
    if 1e-6 <= abs(value) < 1e21:
        return format(decimal.Decimal(text), "f")
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].lstrip('0')}"


def _fitting(value: Any, kind: Any, path: str) -> object:  # noqa: ANN401 - JSON of any type
    try:
        # msgspec takes 1.0 for an integer, Go does not.
        return msgspec.convert(str(value) if _is_fraction_for(value, kind) else value, kind, strict=True)
    except msgspec.ValidationError:
        shown = f"number {value}" if _json_kind(value) == "number" else _json_kind(value)
        go_type = _GO_TYPES.get(kind, "int64")
        raise bad_body(
            f"json: cannot unmarshal {shown} into Go struct field {path} of type {go_type}"
        ) from None


def _is_fraction_for(value: object, kind: object) -> bool:
    return isinstance(value, float) and kind not in (float, str)


def _json_kind(value: Json) -> str:
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _no_constant(name: str) -> float:
    raise ValueError(f"invalid character {name[0]!r} looking for beginning of value")


def _go_words(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
        return "unexpected EOF"
    where = next((words for start, words in _PLACES.items() if error.msg.startswith(start)), "")
    return f"invalid character {error.doc[error.pos]!r} {where}".rstrip()
