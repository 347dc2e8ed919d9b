"""A CA that lets nobody in."""

from typing import ClassVar

from chaos.ca.mode import StatusMode
from testbed.ca.faults import Kind


class Forbidden(StatusMode, frozen=True, kw_only=True):
    """HTTP status 403."""

    name: ClassVar[str] = "ca.forbidden"
    summary: ClassVar[str] = "the CA answers 403"
    kind: ClassVar[Kind] = "forbidden"
    status: ClassVar[int] = 403
