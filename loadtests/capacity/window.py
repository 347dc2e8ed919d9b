"""The measured part of a storm: the phones that started after it had settled."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from loadtests.capacity.judging import Halves
from loadtests.capacity.margins import Times
from loadtests.results import table as enrollments
from loadtests.results.journal import Attempt
from loadtests.results.measures import Measures, measure
from testbed.ca.records import IssuedCertificate


@dataclass(frozen=True, slots=True)
class Window:
    """`begin` and `end` in seconds since the epoch: phones whose first intended start lies there."""

    begin: float
    end: float

    def attempts(self, attempts: Sequence[Attempt]) -> pl.DataFrame:
        """A row for each attempt of the window's phones, retries after its end included."""
        table = enrollments.build(attempts)
        first = table.group_by("index").agg(pl.col("intended_start").min().alias("first"))
        mine = first.filter(pl.col("first").is_between(self.begin, self.end))
        return table.join(mine.select("index"), on="index", how="semi")

    def measures(self, attempts: Sequence[Attempt], intended: int, orphans: int | None) -> Measures:
        """The window in numbers; throughput is of what was enrolled within it, whenever it had started."""
        measured = measure(self.attempts(attempts), intended, orphans)
        done = sum(each.enrolled and self.begin <= each.done <= self.end for each in attempts)
        seconds = self.end - self.begin
        return msgspec.structs.replace(measured, throughput_per_second=done / seconds if seconds > 0 else 0.0)

    def orphans(self, issued: Sequence[IssuedCertificate], attempts: Sequence[Attempt]) -> int:
        """Certificates for the window's phones that none of them holds."""
        names = set(self.attempts(attempts)["phone"])
        held = {attempt.serial for attempt in attempts if attempt.enrolled}
        return sum(each.serial not in held and _device(each.subject) in names for each in issued)

    def times(self, attempts: Sequence[Attempt]) -> Times:
        """The single times that rules may be about; start lag of all attempts, others of enrolled ones."""
        table = self.attempts(attempts)
        enrolled = table.filter("enrolled")
        return {
            "latency": enrolled["latency_seconds"],
            "service_time": enrolled["service_time_seconds"],
            "start_lag": table["start_lag_seconds"],
        }

    def halves(self, attempts: Sequence[Attempt]) -> Halves:
        """Latencies of each half of the window."""
        enrolled = self.attempts(attempts).filter("enrolled")
        early = pl.col("intended_start") < (self.begin + self.end) / 2
        return Halves(enrolled.filter(early)["latency_seconds"], enrolled.filter(~early)["latency_seconds"])


def _device(subject: str) -> str:
    """The device name in `CN=SEP...,OU=...`."""
    return subject.partition(",")[0].removeprefix("CN=")
