"""`estorm logs serve`, `estorm logs backfill`: metrics from logs of a chain in which nothing of ours runs."""

import contextlib
import datetime as dt
import functools
import sys
import time
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

import click
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from exporters.endpoint import metrics_endpoint
from exporters.logs.backfill import STEP_SECONDS, Backfill, Filled
from exporters.logs.errors import LogsError
from exporters.logs.est_errors import EstErrorNames
from exporters.logs.families import LOGS
from exporters.logs.reading import Manner
from exporters.logs.sources import find_logs
from exporters.logs.watch import Watch
from exporters.web_config import WebConfig
from loadtests.errors import ScenarioError
from loadtests.listening import Listen, ListenType, web_config_option, web_of
from loadtests.quantities import DurationType
from testbed.est_errors import EstError
from testbed.numbers import Integer
from testbed.scratch import scratch_directory

_PLACES = click.argument(
    "places", metavar="DIR|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
_KINDS = "CAPF, CES, NGINX or IIS"
Command = Callable[..., None]


def manner_options(command: Command) -> Command:
    """Add the options that say how logs are read; the command gets a `manner`."""

    @click.option(
        "--zone", "zones", multiple=True, metavar="LOG=ZONE",
        help="Time zone of a log's writer, such as capf=Europe/Paris; default: UTC for iis, this machine's "
        "for the others. For several logs repeat it.",
    )  # fmt: skip
    @click.option(
        "--capf-timer", "timer_seconds", type=DurationType(), default=10.0, show_default=True,
        help="CAPF's read timer.",
    )  # fmt: skip
    @click.option(
        "--ra-timer", "ra_timer_seconds", type=DurationType(), default=10.0, show_default=True,
        help="The RA's timer for each call to the CA; CES has no setting for it.",
    )  # fmt: skip
    @functools.wraps(command)
    def with_manner(
        zones: tuple[str, ...], timer_seconds: float, ra_timer_seconds: float, **given: object
    ) -> None:
        names = EstErrorNames(tuple(map(str, sorted(EstError))))
        manner = Manner(names, dict(map(_zone, zones)), timer_seconds, ra_timer_seconds)
        command(manner=manner, **given)

    return with_manner


@click.group("logs")
def logs_group() -> None:
    """Turn the logs of CAPF, CES, NGINX and IIS into metrics."""


@logs_group.command()
@_PLACES
@click.option(
    "--listen", type=ListenType(), default="9742", show_default=True, help="Where to serve /metrics."
)
@click.option("--from-start", is_flag=True, help="Read what the files hold already, not only what is new.")
@click.option("--poll", "poll_seconds", type=DurationType(), default=1.0, help="Look for new lines so often.")
@web_config_option
@manner_options
def serve(
    places: tuple[Path, ...], listen: Listen, from_start: bool, poll_seconds: float,
    web_config: Path | None, manner: Manner,
) -> None:  # fmt: skip
    """Follow logs, rotated or not, and show what they say at /metrics until Ctrl-C."""
    with _translated():
        for place in places:
            if not place.exists():
                raise LogsError(f"there is no file or folder {place}")
        watch = Watch(places, manner, time.time, from_start=from_start)
        with contextlib.closing(watch), _serving(watch, listen, web_of(web_config)) as url:
            _check_named(places, watch)
            _say_what(watch.followed, watch.strange)
            if not watch.followed:
                click.echo(f"no log yet: waiting for one of {_KINDS} in {_listed(places)}", err=True)
            click.echo(f"metrics: {url}")
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    watch.poll()
                    time.sleep(poll_seconds)
            click.echo("stopping")


@logs_group.command()
@_PLACES
@click.option("--out", type=click.Path(path_type=Path), help="File to write; default: standard output.")
@click.option(
    "--step", "step_seconds", type=Integer(1), default=STEP_SECONDS, show_default=True,
    help="Seconds between samples, as a scrape interval would be.",
)  # fmt: skip
@click.option(
    "--capf-date", type=click.DateTime(["%Y-%m-%d"]),
    help="Date of the CAPF trace's first line; default: by the day on which each file was last written.",
)  # fmt: skip
@manner_options
def backfill(
    places: tuple[Path, ...], out: Path | None, step_seconds: int, capf_date: dt.datetime | None,
    manner: Manner,
) -> None:  # fmt: skip
    """Write what logs of the past say as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics`."""
    with _translated(), scratch_directory("logs") as scratch:
        files, strange = find_logs(places)
        if not files:
            raise LogsError(f"no log of {_KINDS} in {_listed(places)}")
        _say_what([(file.log, file.path) for file in files], strange)
        date = capf_date.date() if capf_date else None
        job = Backfill(manner, scratch / "steps.sqlite", time.time(), step_seconds, date)
        with _written(out) as text:
            filled = job.run(files, text)
    _say_how_much(filled)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except LogsError as error:
        raise ScenarioError(str(error)) from error


def _check_named(places: Iterable[Path], watch: Watch) -> None:
    """LogsError for a file that was named and will never be followed; an empty one may yet become a log."""
    followed = {path for _, path in watch.followed}
    for place in places:
        if place in watch.strange:
            raise LogsError(f"{place} is no log of {_KINDS} that can be read")
        if place.is_file() and place.stat().st_size and place not in followed:
            raise LogsError(f"{place} was rotated, so nobody writes to it; estorm logs backfill reads it")


def _listed(places: Iterable[Path]) -> str:
    return ", ".join(map(str, places))


def _zone(text: str) -> tuple[str, dt.tzinfo]:
    log, _, name = text.partition("=")
    if log not in LOGS:
        raise click.UsageError(f"--zone {text!r}: it must be LOG=ZONE, LOG one of {', '.join(LOGS)}")
    try:
        return log, zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.UsageError(
            f"--zone {text!r}: there is no time zone {name!r}; names are such as Europe/Paris and UTC"
        ) from error


@contextlib.contextmanager
def _serving(watch: Watch, listen: Listen, web: WebConfig | None) -> Iterator[str]:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(watch.totals)
    try:
        with metrics_endpoint(registry, listen.host, listen.port, watch.health, web=web) as url:
            yield url
    except OSError as error:
        raise ScenarioError(f"--listen {listen}: {error.strerror or error}") from error


@contextlib.contextmanager
def _written(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    try:
        with out.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise ScenarioError(f"--out: cannot write {out}: {error.strerror}") from error


def _say_what(found: Iterable[tuple[str, Path]], strange: Iterable[Path]) -> None:
    for log, path in found:
        click.echo(f"{log:<6} {path}", err=True)
    for path in strange:
        click.echo(f"{'-':<6} {path} (no log that is known; left out)", err=True)


def _say_how_much(filled: Filled) -> None:
    megabytes = filled.size_bytes / 1e6
    click.echo(f"{filled.files} files, {megabytes:.1f} MB, {filled.samples} samples", err=True)
    if filled.unreadable:
        click.echo(f"{filled.unreadable} lines could not be read; the shapes of some:", err=True)
        for sample in filled.shapes:
            click.echo(f"  {sample.log} ({sample.reason}): {sample.shape}", err=True)
