"""The course of a storm: what was seen of it from outside, gathered while it ran."""

from dataclasses import dataclass, field

from loadtests.results.journal import Attempt
from testbed.supervision import PartDeath


@dataclass(slots=True)
class Course:
    """One storm as its supervisor saw it. Times are seconds since the epoch.

    `cpu_seconds` is by process: generator, ra, ca. `deaths` are parts that ended by themselves; `incidents`
    whatever else kept the storm from its plan; `cut_short` is why its observer
    had it end before all phones had.
    """

    target: str
    started_at: float
    ended_at: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    deaths: list[PartDeath] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    interrupted: bool = False
    cut_short: str = ""

    def note_deaths(self, deaths: list[PartDeath]) -> list[PartDeath]:
        """Keep the deaths not yet known; returns those."""
        known = {death.name for death in self.deaths}
        new = [death for death in deaths if death.name not in known]
        self.deaths.extend(new)
        return new
