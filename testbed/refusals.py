"""What is wrong with a table that people wrote: the key, its value, and what it may be.

msgspec says where; the value is in the table, and what may be there is in the JSON Schema of its kind.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_WORDS = {"string": "text", "object": "table", "boolean": "true or false"}
_BOUNDS = {"minimum": "from", "exclusiveMinimum": "over", "maximum": "to", "exclusiveMaximum": "under"}
_SHOWN_CHARACTERS = 60

Schema = Mapping[str, object]


def explain(error: msgspec.ValidationError, table: object, kind: type) -> str:
    """Why `table` is no `kind`, in one line; keys are named from the table on, as in `phones.count`."""
    message = str(error)
    placed = _AT.search(message)
    path = placed["path"] if placed else ""
    spot = _spot(table, kind, path)
    if unknown := _UNKNOWN.match(message):
        return _unknown(unknown["key"], path, spot.schemas)
    if missing := _MISSING.match(message):
        return f"the key `{missing['key']}` is missing{_place(path)}"
    choices = {worded(schema, spot.definitions) for schema in spot.schemas} - {"null"}
    if not path or not choices:
        return message.replace("`$.", "`")
    return f"`{path}` is {shown(spot.value)}; it may be {' or '.join(sorted(choices))}"


def explain_key(key: str, kind: type) -> str:
    """Why a table of this kind can have no `key`, such as `phones.count`, in one line; empty when it can."""
    path, _, name = key.rpartition(".")
    if path and (said := explain_key(path, kind)):
        return said
    schemas = _spot(None, kind, path).schemas
    return "" if name in _keys(schemas) else _unknown(name, path, schemas)


def worded(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """A JSON Schema in a few words: `"ca" or "ra"`, `number from 0 to 3600`, `text`."""
    if isinstance(choices := schema.get("anyOf"), list):
        return " or ".join(worded(choice, definitions) for choice in choices)
    if isinstance(choices := schema.get("enum"), list):
        return " or ".join(f'"{choice}"' for choice in choices)
    if "const" in schema:
        return f'"{schema["const"]}"'
    if isinstance(reference := schema.get("$ref"), str):
        inner = definitions.get(reference.rpartition("/")[2], {})
        return worded(inner, definitions) if "enum" in inner else "table"
    if schema.get("type") == "array" and isinstance(items := schema.get("items"), dict):
        return f"list of {worded(items, definitions)}"
    kind = str(schema.get("type", "any"))
    return _WORDS.get(kind, kind) + "".join(_bounds(schema))


def shown(value: object) -> str:
    """The value as Python writes it, cut where it is long."""
    said = repr(value)
    return said if len(said) <= _SHOWN_CHARACTERS else f"{said[:_SHOWN_CHARACTERS]}..."


def _bounds(schema: Schema) -> Iterator[str]:
    for key, word in _BOUNDS.items():
        if isinstance(bound := schema.get(key), int | float):
            yield f" {word} {bound if isinstance(bound, int) else format(bound, 'g')}"
    if isinstance(examples := schema.get("examples"), list):
        yield f" such as {' or '.join(map(repr, examples))}"


def _unknown(name: str, path: str, schemas: Sequence[Schema]) -> str:
    return f"unknown key `{name}`{_place(path)}; known are {', '.join(_keys(schemas)) or 'none'}"


def _place(path: str) -> str:
    return f" in [{path}]" if path else ""


def _keys(schemas: Sequence[Schema]) -> Sequence[str]:
    """Those that a table of any of these may have, in order."""
    return list(dict.fromkeys(name for schema in schemas for name in _properties(schema)))


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place in a table: what stands there, and what may, one schema for each kind of table that may be."""

    value: object
    schemas: Sequence[Schema]
    definitions: Mapping[str, Schema]


def _spot(table: object, kind: type, path: str) -> _Spot:
    whole = msgspec.json.schema(kind, schema_hook=_anything)
    definitions = whole.get("$defs", {})
    value, schemas = table, list(_resolved(whole, definitions))
    for name, index in _STEP.findall(path):
        inner = [each for schema in schemas for each in _inside(schema, name)]
        schemas = [each for schema in inner for each in _resolved(schema, definitions)]
        value = _entry(value, name, index)
    return _Spot(value, schemas, definitions)


def _anything(_kind: type) -> dict[str, object]:
    """The schema of what msgspec does not look into."""
    return {"type": "anything"}


def _resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[Schema]:
    """The schema itself, or each that it stands for."""
    if isinstance(choices := schema.get("anyOf"), list):
        for choice in choices:
            yield from _resolved(choice, definitions)
    elif isinstance(reference := schema.get("$ref"), str):
        yield from _resolved(definitions[reference.rpartition("/")[2]], definitions)
    else:
        yield schema


def _properties(schema: Schema) -> Mapping[str, Schema]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _inside(schema: Schema, name: str) -> Iterator[Schema]:
    """What may stand under the key, or, for no name, in the list."""
    inner = _properties(schema).get(name) if name else schema.get("items")
    if isinstance(inner, dict):
        yield inner


def _entry(value: object, name: str, index: str) -> object:
    if name:
        return value.get(name) if isinstance(value, Mapping) else None
    return value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
