"""An application pool that is down."""

from typing import Annotated, ClassVar

import msgspec

from chaos.ca.mode import StatusMode
from testbed.ca.faults import Kind


class Unavailable(StatusMode, frozen=True, kw_only=True):
    """HTTP status 503; the RA does not read `retry_after_seconds`."""

    name: ClassVar[str] = "ca.unavailable"
    summary: ClassVar[str] = "the CA answers 503 with Retry-After"
    kind: ClassVar[Kind] = "unavailable"
    status: ClassVar[int] = 503

    retry_after_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 30
