"""A part that has no file descriptors left."""

from typing import Annotated, ClassVar

import msgspec
import psutil

from chaos.limits import limit_of_descriptors
from chaos.parts.limited import LimitedPart


class ExhaustedPart(LimitedPart, frozen=True, kw_only=True):
    """The processes of `part` can open `left` more descriptors each, then get EMFILE (RLIMIT_NOFILE).

    What they close may be opened again.
    """

    resource: ClassVar[int] = psutil.RLIMIT_NOFILE

    left: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0

    def soft_limit(self, pid: int) -> int:
        """What the process has open, and `left` more."""
        return limit_of_descriptors(pid, self.left)
