"""An application pool that IIS has put to sleep."""

from typing import ClassVar

from chaos.ca.mode import SlowMode
from testbed.ca.faults import Kind


class ColdStart(SlowMode, frozen=True, kw_only=True):
    """The first answer of each stage comes `seconds` late: IIS starts the pool, ASP compiles the page."""

    name: ClassVar[str] = "ca.cold_start"
    summary: ClassVar[str] = "the first answer of each page comes late, as from a cold application pool"
    kind: ClassVar[Kind] = "cold_start"
