"""A schedule of faults beside our load: its options, and its clock, which is the phones'."""

import atexit
import contextlib
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from locust.env import Environment
from locust.runners import WorkerRunner

from chaos import hooks
from chaos.annotations import AnnotationFile, Grafana
from chaos.endpoints import ChainSystem, endpoints_path, read_endpoints
from chaos.errors import ChaosError, PlanRefused
from chaos.schedule import Plan, read_schedule
from chaos.striking import Listener
from loadtests.swarm.locust_run import BAD_USAGE

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

_OPTIONS = (
    ("chaos-schedule", "when faults strike, as JSON (docs/chaos.md); the chain is that of ESTORM_ENDPOINTS"),
    ("chaos-annotations", "file to append each fault's start and end to, one Grafana annotation a line"),
    ("grafana-url", "Grafana to annotate; its token in ESTORM_GRAFANA_TOKEN"),
)


def add_options(parser: "LocustArgumentParser") -> None:
    """Add the options to Locust's parser."""
    for name, text in _OPTIONS:
        parser.add_argument(f"--{name}", default="", help=text, include_in_web_ui=False)


def set_up(environment: Environment) -> None:
    """Attach the schedule, if there is one; exits with 2 and one line when it cannot be used."""
    hooks.announce(environment)
    given = environment.parsed_options
    if given is None or isinstance(environment.runner, WorkerRunner) or not given.chaos_schedule:
        return
    try:
        schedule = _schedule(given.chaos_schedule)
        system = ChainSystem(read_endpoints(endpoints_path(os.environ)))
    except ChaosError as error:
        sys.stderr.write(f"estorm: {error}\n")
        sys.exit(BAD_USAGE)
    owned = contextlib.ExitStack()
    atexit.register(owned.close)
    owned.enter_context(system)
    hooks.attach(environment, schedule, system, list(_listeners(given, owned)))


def announce_start(environment: Environment, at: float) -> None:
    """The first phone starts at this moment, in seconds since the epoch."""
    getattr(environment.events, hooks.LOAD_START).fire(at=at)


def _schedule(text: str) -> tuple[Plan, ...]:
    try:
        return read_schedule(msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        raise PlanRefused(f"--chaos-schedule: {error}") from error


def _listeners(given: Namespace, owned: contextlib.ExitStack) -> Iterator[Listener]:
    if given.chaos_annotations:
        yield AnnotationFile(Path(given.chaos_annotations)).take
    if given.grafana_url:
        token = os.environ.get("ESTORM_GRAFANA_TOKEN", "")
        yield owned.enter_context(Grafana(given.grafana_url, token)).take
