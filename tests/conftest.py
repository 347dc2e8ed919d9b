"""What all tests share: with ESTORM_NO_SKIP, which .ci/run sets, a skipped test is a failed one.

Modules that are marked `long` run first: at the end, when processes run out of modules, none waits for a long
one.
"""

import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import settings


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: in a module that takes seconds on an idle machine")
    # How long one example takes says more about the machine's load than about the code.
    settings.register_profile("estorm", deadline=None)
    settings.load_profile("estorm")
    # A shell that starts the tests in the background has them, and all they start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("ESTORM_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped where no test may be: {call.excinfo}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and os.environ.get("ESTORM_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped where no test may be: {report.longrepr}"
    return report
