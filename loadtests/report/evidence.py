"""What the report draws besides the run's attempts: the timers that were set, and what the logs tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from loadtests.est.tls_stream import Timers
from loadtests.report.ca_side import ANSWERS, FAILED_CALLS, read_answers, read_failed_calls
from loadtests.scenario import Scenario
from loadtests.storm.run_folder import RunFolder

_SECOND = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Timers are seconds by name, none where they are not known; the frames are as `ca_side` reads them."""

    phone_timers: Mapping[str, float] = field(default_factory=dict)
    ra_timers: Mapping[str, float] = field(default_factory=dict)
    answers: pl.DataFrame = field(default_factory=ANSWERS.to_frame)
    failed_calls: pl.DataFrame = field(default_factory=FAILED_CALLS.to_frame)

    def during(self, table: pl.DataFrame) -> "Evidence":
        """Without what was before the first attempt of the table, or long after the last."""
        if table.is_empty():
            return self
        first, last = table.select(pl.min("intended_start"), pl.max("done")).row(0)
        within = pl.col("at").is_between(first - _SECOND, last + _SECOND)
        return replace(
            self, answers=self.answers.filter(within), failed_calls=self.failed_calls.filter(within)
        )


def gather(scenario: Scenario, folder: RunFolder) -> Evidence:
    """The evidence in a run's folder; of a server of the user's only the phones' timers are known."""
    timers = Timers(read_seconds=scenario.phones.read_timeout_seconds)
    phone = {
        "connect": timers.connect_seconds,
        "handshake": timers.handshake_seconds,
        "read": timers.read_seconds,
    }
    if scenario.target.url:
        return Evidence(phone)
    return Evidence(
        phone,
        scenario.ra.timers.by_name,
        read_answers(folder.logs),
        read_failed_calls(folder.logs / "nginx_error.log"),
    )
