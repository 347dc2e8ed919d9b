"""A run whose every text tries to break out of the page."""

import msgspec
import polars as pl

from loadtests.results import table
from loadtests.results.summary import DeadPart, Host, Summary
from tests.loadtests import attempts
from tests.loadtests.runs import RUN, summed_up

HOSTILE = (
    '</script><script>document.title="owned"</script>'
    "<img src=http://leak.invalid/x onerror=\"document.title='owned'\">'--><!--"
)


def hostile_run() -> tuple[pl.DataFrame, Summary, str]:
    """Its table, summary and scenario text."""
    attempt = msgspec.structs.replace(
        attempts.failed(), phone=HOSTILE, operation=HOSTILE, est_error=HOSTILE, serial=HOSTILE, reason=HOSTILE
    )
    run = msgspec.structs.replace(
        RUN,
        id=HOSTILE,
        scenario=HOSTILE,
        target=HOSTILE,
        dead_parts=[DeadPart(HOSTILE, HOSTILE)],
        incidents=[HOSTILE],
        host=Host(HOSTILE, HOSTILE, 1),
    )
    built = table.build([attempt, attempts.enrolled(1)])
    return built, summed_up(built, "failed == 0", run=run), HOSTILE
