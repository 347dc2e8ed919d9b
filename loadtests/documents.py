"""Documents that programs read: a struct as JSON in a file of its own, and the JSON Schema of its kind."""

from pathlib import Path
from typing import TypeVar

import msgspec

from exporters.whole_file import replace_whole
from loadtests.errors import LoadtestError
from testbed.errors import reason

Document = TypeVar("Document", bound=msgspec.Struct)


def indented(content: object) -> bytes:
    """A struct, or a table of what JSON has, as indented JSON that ends with a newline."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def write(document: msgspec.Struct, path: Path) -> None:
    """The document as indented JSON; who reads one that is replaced finds it whole. Raises OSError."""
    replace_whole(path, indented(document))


def read(path: Path, kind: type[Document], what: str, error: type[LoadtestError]) -> Document:
    """The document at `path`; `error` says that it is not `what` when there is none, or of another kind."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as why:
        raise error(f"{path}: not {what}: {reason(why)}") from why


def schema(kind: type[msgspec.Struct], title: str) -> bytes:
    """The JSON Schema (2020-12) of documents of this kind."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return indented(head | msgspec.json.schema(kind))
