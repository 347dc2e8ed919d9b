"""A CA that is slow."""

from typing import ClassVar

from chaos.ca.mode import SlowMode
from testbed.ca.faults import Kind


class Delay(SlowMode, frozen=True, kw_only=True):
    """Answers come `seconds` late. The RA waits 10 s unless it is told otherwise."""

    name: ClassVar[str] = "ca.delay"
    summary: ClassVar[str] = "the CA's answers come late"
    kind: ClassVar[Kind] = "delay"
