"""The summary of one run: `summary.json`, its JSON Schema, and its making from the table and the run's facts.

`python -m loadtests.results.summary` prints the schema that docs/summary.schema.json holds.
"""

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import polars as pl
from msgspec import Meta

from chaos.annotations import FaultTime
from loadtests import documents
from loadtests.arrivals.pacing import (
    ArrivalCounts,
    Health,
    HistogramSpreads,
    Schedule,
    count_arrivals,
    examine,
    merge_spreads,
)
from loadtests.errors import JournalError
from loadtests.results import slo
from loadtests.results.account import Balance
from loadtests.results.measures import Measures, Percentiles, measure
from loadtests.swarm.worker_report import WorkerReport

VERSION = "estorm.summary/1"

CpuSecondsOrNone = Annotated[float, Meta(ge=0)] | None


class CpuSeconds(msgspec.Struct, frozen=True):
    """User and system time of each part over the run; null: not measured, as for a target elsewhere."""

    generator: CpuSecondsOrNone
    ra: CpuSecondsOrNone
    ca: CpuSecondsOrNone
    ra_front: Annotated[
        CpuSecondsOrNone,
        Meta(description="NGINX's in front of the RA, which `ra` has too; null: there is none"),
    ] = None


class DeadPart(msgspec.Struct, frozen=True):
    """A process that ended before it was asked to."""

    part: Annotated[str, Meta(description="ca, ra or generator")]
    reason: Annotated[str, Meta(description="Exit code or signal, and its last words")]


class Host(msgspec.Struct, frozen=True):
    """The machine the load came from."""

    system: Annotated[str, Meta(description="Operating system and version")]
    python: Annotated[str, Meta(description="Python's version")]
    cpus: Annotated[int, Meta(ge=1, description="CPUs the generator could use")]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Which run this was."""

    id: Annotated[str, Meta(description="The run folder's name")]
    scenario: Annotated[str, Meta(description="The scenario's name")]
    target: Annotated[str, Meta(description="URL of the EST server")]
    lab: Annotated[bool, Meta(description="Whether the target was a lab of the run's own")]
    started: Annotated[datetime, Meta(tz=True, description="UTC")]
    ended: Annotated[datetime, Meta(tz=True, description="UTC")]
    dead_parts: Annotated[list[DeadPart], Meta(description="Parts that died during the run")]
    incidents: Annotated[list[str], Meta(description="What else kept the run from its plan")] = []
    host: Host | None = None
    orphans_from: Annotated[str, Meta(description="How `orphans` became known, or why it did not")] = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows and its attempts do not tell. `orphans` is None without the CA's database.

    `reports` are those of the generator's processes; with none of them its health is unknown. `stopped`: the
    run was ended before its time, by its user or whoever looked on.
    """

    run: Run
    seed: int
    phones_intended: int
    orphans: int | None
    cpu_seconds: CpuSeconds
    faults: tuple[FaultTime, ...] = ()
    schedule: Schedule = Schedule()
    reports: list[WorkerReport] = []
    stopped: bool = False
    certificates: Balance | None = None


class Summary(Measures, frozen=True, kw_only=True, tag_field="schema", tag=VERSION):
    """One run in one page of JSON."""

    seed: Annotated[int, Meta(description="The same seed gives the same phones in the same order")]
    run: Run
    cpu_seconds: CpuSeconds
    faults: Annotated[
        tuple[FaultTime, ...], Meta(description="Faults struck on purpose, in order; empty: none was")
    ] = ()
    arrivals: ArrivalCounts
    latency_from_intended_start_seconds: Annotated[
        Percentiles | None, Meta(description="latency_seconds by the name that says what it counts from")
    ]
    histogram_seconds: HistogramSpreads
    generator_bound: Annotated[
        bool | None,
        Meta(description="The generator was the limit, so slowness is not the server's; null: unknown"),
    ]
    generator: Health
    slo: slo.Slo
    certificates: Annotated[
        Balance | None,
        Meta(description="What became of each the CA issued; null: its database is not at hand"),
    ] = None


def summarize(table: pl.DataFrame, facts: Facts, rules: Iterable[slo.Rule]) -> Summary:
    """The run's summary, its rules judged. JournalError when the table cannot belong to the run."""
    measures = measure(table, facts.phones_intended, facts.orphans)
    health = examine(table, facts.reports, facts.schedule, facts.phones_intended, stopped=facts.stopped)
    fields: Mapping[str, object] = {name: getattr(measures, name) for name in measures.__struct_fields__}
    return msgspec.convert(
        {
            "schema": VERSION,
            **fields,
            "seed": facts.seed,
            "run": facts.run,
            "cpu_seconds": facts.cpu_seconds,
            "faults": facts.faults,
            "arrivals": count_arrivals(table, facts.schedule, measures.phones.dropped),
            "latency_from_intended_start_seconds": measures.latency_seconds,
            "histogram_seconds": merge_spreads(facts.reports),
            "generator_bound": bool(health.reasons) if facts.reports else None,
            "generator": health,
            "slo": slo.evaluate(rules, measures),
            "certificates": facts.certificates,
        },
        Summary,
    )


def write(summary: Summary, path: Path) -> None:
    """The summary as indented JSON, replaced if there is one."""
    documents.write(summary, path)


def read(path: Path) -> Summary:
    """The summary at `path`; JournalError when there is none or it is of another version."""
    return documents.read(path, Summary, f"a summary of version {VERSION}", JournalError)


def schema() -> bytes:
    """The JSON Schema (2020-12) of `summary.json`, as docs/summary.schema.json holds it."""
    return documents.schema(Summary, "estorm run summary")


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
