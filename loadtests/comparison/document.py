"""What `estorm compare` says, as JSON: which runs were held against which, and what was found."""

from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests.comparison.finding import Finding, Verdict

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
    seed: int
    regression: bool


def encoded(report: Report) -> str:
    """As indented JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
