"""A schedule of faults beside our load: its options, and its clock, which is the phones'."""

import sys
from typing import TYPE_CHECKING

from locust.env import Environment
from locust.runners import WorkerRunner

from chaos import hooks
from chaos.errors import ChaosError
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
    # Its clients cost a tenth of a second of CPU to load, which most runs have no use for.
    from loadtests.swarm.chain_faults import attach  # noqa: PLC0415

    try:
        attach(environment, given)
    except ChaosError as error:
        sys.stderr.write(f"estorm: {error}\n")
        sys.exit(BAD_USAGE)


def announce_start(environment: Environment, at: float) -> None:
    """The load begins at this moment, in seconds since the epoch: arrivals count from it."""
    getattr(environment.events, hooks.LOAD_START).fire(at=at)
