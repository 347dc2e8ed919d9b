"""Where an exporter listens, and whom it lets in: options of the command line."""

import re
from dataclasses import dataclass
from pathlib import Path

import click

from exporters.web_config import WebConfig, WebConfigError, read_web_config
from loadtests.errors import ScenarioError

_FORM = re.compile(r"(?:(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Listen:
    """Host and port; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(text: str) -> Listen | None:
    """`[HOST:]PORT`, 127.0.0.1 without a host; None: it is something else."""
    found = _FORM.fullmatch(text)
    if found is None or int(found["port"]) > 65_535:
        return None
    return Listen((found["host"] or "127.0.0.1").strip("[]"), int(found["port"]))


class ListenType(click.ParamType):  # type: ignore[type-arg]  # generic in new releases only
    """Host and port; 127.0.0.1 unless told otherwise."""

    name = "[HOST:]PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Listen:
        """Where to listen, or click's usage error."""
        if isinstance(value, Listen):
            return value
        found = parse_listen(str(value))
        if found is None:
            self.fail(f"{value!r} is not HOST:PORT or PORT", param, ctx)
        return found


web_config_option = click.option(
    "--web-config", "web_config", type=click.Path(path_type=Path),
    help="Prometheus web config file: TLS and Basic for who comes to look.",
)  # fmt: skip


def web_of(path: Path | None) -> WebConfig | None:
    """What the web config file says; ScenarioError when it cannot be used."""
    try:
        return read_web_config(path) if path else None
    except WebConfigError as error:
        raise ScenarioError(f"--web-config: {error}") from error
