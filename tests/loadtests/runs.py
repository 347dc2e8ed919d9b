"""Runs for tests: the facts of one, and one summed up."""

from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl

from loadtests.results import slo, summary
from loadtests.results.summary import CpuSeconds, Facts, Host, Run, Summary
from tests.loadtests.attempts import START

STARTED = datetime.fromtimestamp(START, UTC)

RUN = Run(
    id="20251009T085320Z-storm",
    scenario="morning reset",
    target="https://127.0.0.1:8084",
    lab=True,
    started=STARTED,
    ended=STARTED + timedelta(seconds=60),
    dead_parts=[],
    host=Host("Linux 6.1", "3.11.7", 2),
)


def facts(phones: int, **known: object) -> Facts:
    """A run of `phones` phones in a lab, with what is `known` otherwise."""
    usual = Facts(
        run=RUN, seed=42, phones_intended=phones, orphans=0, cpu_seconds=CpuSeconds(1.5, 0.75, None)
    )
    return msgspec.structs.replace(usual, **known)


def summed_up(table: pl.DataFrame, *rules: str, phones: int | None = None, **known: object) -> Summary:
    """The summary of a run that left `table`, its phones all on record unless `phones` says otherwise."""
    intended = table["phone"].n_unique() if phones is None else phones
    return summary.summarize(table, facts(intended, **known), slo.parse_all(rules))
