"""A table of attempts in numbers: the measured part of a summary, and what SLO rules are held against."""

import math
from typing import Annotated

import msgspec
import polars as pl
from msgspec import Meta

from loadtests.errors import JournalError
from loadtests.results import table as enrollments

Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(description="Seconds")]


class Percentiles(msgspec.Struct, frozen=True):
    """A distribution in seconds. Percentiles are nearest-rank: measured times, nothing interpolated."""

    p50: Seconds
    p95: Seconds
    p99: Seconds
    max: Seconds


class Phones(msgspec.Struct, frozen=True):
    """What became of the phones: enrolled + failed + dropped = intended."""

    intended: Annotated[Count, Meta(description="Phones the scenario asked for")]
    enrolled: Annotated[Count, Meta(description="Phones whose last attempt got a good LSC")]
    failed: Annotated[Count, Meta(description="Phones whose last attempt failed")]
    dropped: Annotated[Count, Meta(description="Phones without any attempt on record")]


class Attempts(msgspec.Struct, frozen=True):
    """Attempts, a phone's retries counted each."""

    total: Count
    enrolled: Count
    failed: Count
    outcomes: Annotated[dict[str, Count], Meta(description="Attempts by the EST error they ended with")]


class Stages(msgspec.Struct, frozen=True):
    """Time in each stage of the enrolled attempts; null when nothing enrolled or the stage was not timed."""

    connect: Annotated[Percentiles | None, Meta(description="TCP connect")]
    tls: Annotated[Percentiles | None, Meta(description="TLS handshake, the server's certificate checked")]
    send: Annotated[Percentiles | None, Meta(description="Writing the request")]
    wait: Annotated[Percentiles | None, Meta(description="Request sent to first byte: the RA and the CA")]
    read: Annotated[Percentiles | None, Meta(description="First byte to last byte of the answer")]
    check: Annotated[Percentiles | None, Meta(description="Checking the LSC as CAPF does")]


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """One run, or one trial of many, in numbers. Times are of enrolled attempts, null when there are none."""

    phones: Phones
    orphans: Annotated[
        Count | None,
        Meta(description="Certificates in the CA's database that no phone holds; null: database not at hand"),
    ]
    outcomes: Annotated[
        dict[str, Count], Meta(description="Phones by the EST error their last attempt ended with")
    ]
    attempts: Attempts
    duration_seconds: Annotated[float, Meta(description="First intended start to last attempt's end")]
    throughput_per_second: Annotated[
        float, Meta(description="Phones enrolled / duration_seconds; 0 when nothing was attempted")
    ]
    latency_seconds: Annotated[
        Percentiles | None, Meta(description="Intended start to end of enrolled attempts")
    ]
    service_time_seconds: Annotated[
        Percentiles | None, Meta(description="Real start to end of enrolled attempts")
    ]
    start_lag_seconds: Annotated[
        Percentiles | None,
        Meta(description="Intended to real start, all attempts: the generator's delay"),
    ]
    stage_seconds: Stages


def measure(table: pl.DataFrame, phones_intended: int, orphans: int | None) -> Measures:
    """The table in numbers. JournalError when it holds more phones than `phones_intended`."""
    last = enrollments.last_attempts(table)
    enrolled = table.filter("enrolled")
    phones = _phones(last, phones_intended)
    duration = _duration_seconds(table)
    return Measures(
        phones=phones,
        orphans=orphans,
        outcomes=_outcomes(last),
        attempts=Attempts(table.height, enrolled.height, table.height - enrolled.height, _outcomes(table)),
        duration_seconds=duration,
        throughput_per_second=phones.enrolled / duration if duration > 0 else 0.0,
        latency_seconds=percentiles(enrolled["latency_seconds"]),
        service_time_seconds=percentiles(enrolled["service_time_seconds"]),
        start_lag_seconds=percentiles(table["start_lag_seconds"]),
        stage_seconds=Stages(*(percentiles(enrolled[f"{stage}_seconds"]) for stage in enrollments.STAGES)),
    )


def percentiles(seconds: pl.Series) -> Percentiles | None:
    """The distribution of the values that are not null; None when there are none."""
    values = seconds.drop_nulls().sort()
    if values.is_empty():
        return None
    ranks = (math.ceil(values.len() * percent / 100) - 1 for percent in (50, 95, 99, 100))
    return Percentiles(*(float(values[rank]) for rank in ranks))


def _phones(last: pl.DataFrame, intended: int) -> Phones:
    if last.height > intended:
        raise JournalError(
            f"{last.height} phones have attempts on record but {intended} were intended: "
            "journals of another run in the same folder, or phones shared by two workers"
        )
    enrolled = int(last["enrolled"].sum())
    return Phones(intended, enrolled, last.height - enrolled, intended - last.height)


def _outcomes(attempts: pl.DataFrame) -> dict[str, int]:
    counts = attempts.group_by("est_error").len().sort(["len", "est_error"], descending=[True, False])
    return dict(counts.iter_rows())


def _duration_seconds(table: pl.DataFrame) -> float:
    if table.is_empty():
        return 0.0
    first, last = table.select(pl.min("intended_start"), pl.max("done")).row(0)
    return float(last - first)
