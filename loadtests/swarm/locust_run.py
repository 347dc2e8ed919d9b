"""What a load test's processes do to Locust's: read its options, feed its statistics, end its test."""

import logging
from collections.abc import Callable

from locust.env import Environment

from loadtests.capf.enroller import EST_OPERATIONS
from loadtests.errors import LoadtestError
from loadtests.results.journal import Attempt
from loadtests.swarm.options import LoadOptions, read_options

BAD_USAGE = 2


def options_of(environment: Environment) -> LoadOptions:
    """The options as they stand now; the web page may have changed them. Raises ScenarioError."""
    assert environment.parsed_options is not None
    return read_options(environment.parsed_options, environment.host)


def reporter(environment: Environment, options: LoadOptions) -> Callable[[Attempt, int], None]:
    """What feeds an attempt and its LSC's size to Locust; response times count from the intended start."""
    name = EST_OPERATIONS[options.rules.operation].value

    def report(attempt: Attempt, lsc_bytes: int) -> None:
        failure = None if attempt.enrolled else LoadtestError(f"{attempt.est_error} ({attempt.est_code})")
        environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type="EST", name=name, response_time=(attempt.done - attempt.intended_start) * 1000,
            response_length=lsc_bytes, exception=failure, context={}, start_time=attempt.intended_start,
        )  # fmt: skip

    return report


def complain(environment: Environment, error: LoadtestError | str) -> None:
    """Say why the test cannot go on; Locust will exit with 2."""
    logging.getLogger(__name__).error("%s", error)
    environment.process_exit_code = BAD_USAGE


def end_test(environment: Environment) -> None:
    """A headless run quits; one with a web page stops and can be started anew.

    To be called from a greenlet of its own: Locust kills those of its runner.
    """
    assert environment.runner is not None
    if environment.parsed_options is not None and environment.parsed_options.headless:
        environment.runner.quit()
    else:
        environment.runner.stop()
