"""The Locust side of a phone: the user class, and the events that set a fleet in motion."""

import functools
import os
import sys
from typing import cast

from locust import User, task
from locust.env import Environment
from locust.event import Events
from locust.runners import WorkerRunner

from loadtests.errors import ScenarioError
from loadtests.swarm import exporting, faults
from loadtests.swarm.conductor import Conductor, conductor_for
from loadtests.swarm.locust_run import BAD_USAGE, options_of
from loadtests.swarm.metrics_options import add_metrics_options
from loadtests.swarm.options import add_options
from testbed.process_end import end_without_search
from testbed.tether import die_with_parent

_PARKED_SECONDS = 3600.0
_ATTRIBUTE = "estorm_conductor"


class PhoneUser(User):
    """A place for a phone.

    In a closed run each user enrolls one phone after another, so the number of users is how many phones are
    under way at once. In an open run phones start on schedule whatever the number of users, which wait.
    """

    _more = False

    def wait_time(self) -> float:
        """No pause between phones; Locust stops a user that pauses at once."""
        return 0.0 if self._more else _PARKED_SECONDS

    @task
    def enroll(self) -> None:
        """Enroll the next phone of this process."""
        fleet = conductor_of(self.environment).fleet
        self._more = fleet is not None and fleet.enroll_next()


def register(events: Events) -> None:
    """Hook the load generator into Locust.

    Processes that Locust forks (--processes) are killed when the one that forked them dies, even by SIGKILL.
    """
    end_without_search()
    main_pid = os.getpid()
    os.register_at_fork(after_in_child=_ForkTether(main_pid).tie)
    events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]
    events.init_command_line_parser.add_listener(add_metrics_options)  # type: ignore[no-untyped-call]
    events.init_command_line_parser.add_listener(faults.add_options)  # type: ignore[no-untyped-call]
    events.init.add_listener(functools.partial(_init, main_pid))  # type: ignore[no-untyped-call]


class _ForkTether:
    """Ties each forked process to the one that forked it.

    Locust has no event between a fork and the worker's first message to the master, for which a worker
    whose master has died waits five minutes.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def tie(self) -> None:
        """To be called in the forked process."""
        die_with_parent(self._pid)
        self._pid = os.getpid()


def conductor_of(environment: Environment) -> Conductor:
    """The conductor of the process that `environment` belongs to."""
    return cast("Conductor", getattr(environment, _ATTRIBUTE))


def _init(main_pid: int, environment: Environment, **_: object) -> None:
    assert environment.parsed_options is not None
    supervisor_pid = environment.parsed_options.supervisor_pid
    if supervisor_pid and os.getpid() == main_pid:
        die_with_parent(supervisor_pid)
    if not isinstance(environment.runner, WorkerRunner):
        _check_usage(environment)
    exporting.set_up(environment)
    faults.set_up(environment)
    conductor = conductor_for(environment)
    setattr(environment, _ATTRIBUTE, conductor)
    environment.events.test_start.add_listener(lambda **_: conductor.start())  # type: ignore[no-untyped-call]
    environment.events.test_stopping.add_listener(lambda **_: conductor.stop())  # type: ignore[no-untyped-call]


def _check_usage(environment: Environment) -> None:
    """Exit with 2 and one line if the test could not start; a web page may still name the host."""
    assert environment.parsed_options is not None
    if not environment.host and not environment.parsed_options.headless:
        return
    try:
        options_of(environment).check()
    except ScenarioError as error:
        sys.stderr.write(f"estorm: {error}\n")
        sys.exit(BAD_USAGE)
