"""A run of 40 s in which every number on the page is known beforehand.

Ten phones a second. Those of each fourth place fail: before 20 s they are refused with a 401, from then on
the read timer of 2 s ends them, and they fail for good. The rest enroll: in 0.4 s where the place leaves 1,
in 0.1 s else. A fault is in force from 10 s to 20 s. The CA answers each second a form in 0.2 s and a
submission in 1.5 s, and from 20 s on the RA gives up one submission a second.
"""

import polars as pl

from chaos.annotations import FaultTime
from loadtests.report.ca_side import ANSWERS, FAILED_CALLS
from loadtests.report.evidence import Evidence
from loadtests.results import table
from loadtests.results.journal import Attempt
from loadtests.results.summary import Summary
from testbed.est_errors import EstError
from tests.loadtests import attempts
from tests.loadtests.attempts import START
from tests.loadtests.runs import summed_up

PHONES, SECONDS, READ_TIMER_SECONDS = 400, 40, 2.0
FAULT = FaultTime("ca.delay#0.0", "ca.delay seconds=1", START + 10.0, START + 20.0)

EVIDENCE = Evidence(
    phone_timers={"connect": 10.0, "handshake": 10.0, "read": READ_TIMER_SECONDS},
    ra_timers={"login": 10.0, "form": 10.0, "submit": 2.0, "download": 10.0},
    answers=pl.DataFrame(
        [
            (START + second + 0.5, stage, seconds)
            for second in range(SECONDS)
            for stage, seconds in (("form", 0.2), ("submit", 1.5))
        ],
        schema=ANSWERS,
        orient="row",
    ),
    failed_calls=pl.DataFrame(
        [(START + second + 0.5, "submit", "curl_28") for second in range(20, SECONDS)],
        schema=FAILED_CALLS,
        orient="row",
    ),
)


def phone(index: int) -> Attempt:
    at = index / 10
    if index % 4:
        return attempts.enrolled(index, at=at, latency=0.4 if index % 4 == 1 else 0.1)
    if at < 20:
        return attempts.failed(index, at=at, latency=0.2, error=EstError.AUTH_FAIL, reason="401")
    return attempts.timed_out(index, at=at, read_timer_seconds=READ_TIMER_SECONDS)


def run_with_faults() -> tuple[pl.DataFrame, Summary]:
    """Its table and its summary."""
    built = table.build(phone(index) for index in range(PHONES))
    return built, summed_up(built, "enrolled_share >= 100%", faults=(FAULT,))
