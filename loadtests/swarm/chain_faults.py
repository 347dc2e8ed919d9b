"""A schedule of faults attached to a Locust run, for the chain whose endpoints the environment names."""

import atexit
import contextlib
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import msgspec
from locust.env import Environment

from chaos import hooks
from chaos.annotations import AnnotationFile
from chaos.endpoints import ChainSystem, endpoints_path, read_endpoints
from chaos.errors import PlanRefused
from chaos.grafana import Grafana
from chaos.schedule import Plan, read_schedule
from chaos.striking import Listener


def attach(environment: Environment, given: Namespace) -> None:
    """Attach the schedule that the options hold; ChaosError when it cannot be used."""
    schedule = _schedule(given.chaos_schedule)
    system = ChainSystem(read_endpoints(endpoints_path(os.environ)))
    owned = contextlib.ExitStack()
    atexit.register(owned.close)
    owned.enter_context(system)
    hooks.attach(environment, schedule, system, list(_listeners(given, owned)))


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
