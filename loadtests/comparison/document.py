"""`comparison.json`, and what --json prints: which runs were held against which, and what was found.

`python -m loadtests.comparison.document` prints the schema that docs/comparison.schema.json holds.
"""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests import documents
from loadtests.comparison.finding import Finding, Verdict
from loadtests.errors import ScenarioError

VERSION = "estorm.comparison/1"


class Compared(msgspec.Struct, frozen=True):
    """One side against the baseline."""

    runs: Annotated[list[str], Meta(description="The run folders of this side")]
    findings: list[Finding]
    remarks: Annotated[list[str], Meta(description="What is to be known of these runs")]

    @property
    def regressed(self) -> list[Finding]:
        """What became worse."""
        return [each for each in self.findings if each.verdict is Verdict.REGRESSION]


class Report(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=VERSION):
    """All of a comparison."""

    baseline: Annotated[list[str], Meta(description="The run folders of the baseline")]
    compared: list[Compared]
    tolerance: Annotated[float, Meta(description="Changes up to this share count for nothing")]
    confidence: Annotated[float, Meta(description="That no finding of one side is a false alarm")]
    seed: Annotated[int, Meta(description="Of the resampling")]
    regression: Annotated[bool, Meta(description="Whether any is proven, of any side")]


def write(report: Report, path: Path) -> None:
    """The comparison as indented JSON, replaced if there is one."""
    documents.write(report, path)


def read(path: Path) -> Report:
    """The comparison at `path`; ScenarioError when there is none or it is of another version."""
    return documents.read(path, Report, f"a comparison of version {VERSION}", ScenarioError)


def schema() -> bytes:
    """The JSON Schema (2020-12) of `comparison.json`, as docs/comparison.schema.json holds it."""
    return documents.schema(Report, "estorm comparison")


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
