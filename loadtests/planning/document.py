"""`plan.json`: a plan, what to expect of it, what it was chosen from, and what to change first.

`python -m loadtests.planning.document` prints the schema that docs/plan.schema.json holds.
"""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests import documents
from loadtests.errors import JournalError
from loadtests.planning.batches import Batches
from loadtests.planning.candidates import Asked, Candidate
from loadtests.planning.expectation import Expectation, Interval
from loadtests.planning.measured import MeasuredCapacity, Standing
from loadtests.simulation.settings import ChainModel

VERSION = "estorm.plan/1"


class Suggestion(msgspec.Struct, frozen=True):
    """A change, and how much it helps at the plan's spacing; `expected` is of the plan's own batches."""

    lever: Annotated[str, Meta(description="RA workers, timers, CA servers, connection reuse, ...")]
    change: str
    setting: Annotated[str, Meta(description="As a scenario has it; empty: no scenario has it")]
    rate_per_second: Annotated[Interval, Meta(description="Phones that the changed chain bears")]
    gain: Annotated[Interval, Meta(description="That rate over the unchanged chain's; 1: it does not help")]
    needed_seconds: Annotated[float | None, Meta(description="For all phones; null: it bears none")]
    fits: Annotated[bool, Meta(description="Whether all phones go into the window with it")]
    expected: Expectation


class Moment(msgspec.Struct, frozen=True):
    """A slice of the timeline, of one replication; counts are totals up to its end."""

    seconds: Annotated[float, Meta(description="Its end, from the first batch")]
    started: Annotated[int, Meta(description="Phones that made a first try")]
    enrolled: int
    under_way: Annotated[float, Meta(description="Tries, on average")]
    ra_workers_busy: Annotated[
        float | None, Meta(description="On average: tries under way, as many as there are workers")
    ]
    failed_tries: Annotated[int, Meta(description="In this slice")]


class Source(msgspec.Struct, frozen=True):
    """The run that a plan was made from."""

    run: Annotated[str, Meta(description="The run folder's name")]
    scenario: str
    model_from: Annotated[str, Meta(description="How its measurements became the model")]


class Check(msgspec.Struct, frozen=True):
    """The plan's rate beside the capacity that a search measured of the same chain."""

    rate_per_second: Annotated[float, Meta(description="Phones of the plan: a batch over the spacing")]
    measured: MeasuredCapacity
    standing: Annotated[
        Standing, Meta(description="Of the rate to the measured interval; above it, no plan fits")
    ]


class Plan(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=VERSION):
    """A plan. `batches` is null when the chain bears not even one phone at a time."""

    source: Source
    seed: int
    asked: Asked
    rules: Annotated[list[str], Meta(description="What the plan keeps")]
    rules_left_out: Annotated[list[str], Meta(description="Rules of the run that no plan can be made for")]
    fits: Annotated[bool, Meta(description="Done in the window, with all that was to be kept")]
    verdict: Annotated[list[str], Meta(description="In words, the answer first")]
    batches: Batches | None
    expected: Expectation | None
    sustainable_rate_per_second: Annotated[float, Meta(ge=0, description="In the largest batches that hold")]
    needed_seconds: Annotated[float | None, Meta(description="For all phones at that rate; null: never")]
    most_phones: Annotated[int, Meta(ge=0, description="That the window holds at that rate")]
    capacity: Annotated[Check | None, Meta(description="null: nobody measured it")] = None
    candidates: list[Candidate]
    suggestions: Annotated[list[Suggestion], Meta(description="The one that helps most first")]
    timeline: list[Moment]
    model: ChainModel


def write(plan: Plan, path: Path) -> None:
    """The plan as indented JSON, replaced if there is one."""
    documents.write(plan, path)


def read(path: Path) -> Plan:
    """The plan at `path`; JournalError when there is none or it is of another version."""
    return documents.read(path, Plan, f"a plan of version {VERSION}", JournalError)


def schema() -> bytes:
    """The JSON Schema (2020-12) of `plan.json`, as docs/plan.schema.json holds it."""
    return documents.schema(Plan, "estorm plan")


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
