"""A part that has no file descriptors left."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec
import psutil

from chaos.errors import FaultNotInjected
from chaos.fault import Fault
from chaos.hold import held
from chaos.limits import Lowered, limit_of_descriptors, lower, put_back
from chaos.process import family
from chaos.system import Part, System


class ExhaustedPart(Fault, frozen=True, kw_only=True):
    """The processes of `part` can open `left` more descriptors each, then get EMFILE (RLIMIT_NOFILE).

    What they close may be opened again.
    """

    part: ClassVar[Part]

    left: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Limited; a part that is started anew meanwhile is not."""

        def limit() -> bytes:
            pids = family(system.control.part(self.part).pid)
            if not pids:
                raise FaultNotInjected(f"{self.name}: the {self.part} is dead; restart it first")
            was = [lower(pid, psutil.RLIMIT_NOFILE, limit_of_descriptors(pid, self.left)) for pid in pids]
            return msgspec.json.encode(was)

        def free(was: bytes) -> None:
            for each in msgspec.json.decode(was, type=list[Lowered]):
                put_back(each)

        with held(system, self.name, limit, free):
            yield
