"""Pages that fail."""

from typing import ClassVar

from chaos.ca.mode import StatusMode
from testbed.ca.faults import Kind


class Error(StatusMode, frozen=True, kw_only=True):
    """HTTP status 500."""

    name: ClassVar[str] = "ca.error"
    summary: ClassVar[str] = "the CA answers 500"
    kind: ClassVar[Kind] = "error"
    status: ClassVar[int] = 500
