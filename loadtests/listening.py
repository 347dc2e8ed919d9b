"""`[HOST:]PORT` on the command line: where an exporter listens."""

import re
from dataclasses import dataclass

import click

_FORM = re.compile(r"(?:(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Listen:
    """Host and port; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class ListenType(click.ParamType):  # type: ignore[type-arg]  # generic in new releases only
    """Host and port; 127.0.0.1 unless told otherwise."""

    name = "[HOST:]PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Listen:
        """Where to listen, or click's usage error."""
        if isinstance(value, Listen):
            return value
        found = _FORM.fullmatch(str(value))
        if found is None or int(found["port"]) > 65_535:
            self.fail(f"{value!r} is not HOST:PORT or PORT", param, ctx)
        return Listen((found["host"] or "127.0.0.1").strip("[]"), int(found["port"]))
