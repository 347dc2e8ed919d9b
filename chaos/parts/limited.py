"""A part that runs into a limit of the kernel's."""

import contextlib
from collections.abc import Iterator
from typing import ClassVar

import msgspec

from chaos.errors import FaultNotInjected
from chaos.fault import Fault
from chaos.hold import held
from chaos.limits import Lowered, lower, put_back
from chaos.process import family
from chaos.system import Part, System


class LimitedPart(Fault, frozen=True, kw_only=True):
    """Each process of `part` gets another soft limit of `resource` (prlimit(2)) while it runs."""

    part: ClassVar[Part]
    resource: ClassVar[int]

    def soft_limit(self, pid: int) -> int:
        """The limit for this process; FaultNotInjected when it is gone."""
        raise NotImplementedError

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Limited; a part that is started anew meanwhile is not."""

        def limit() -> bytes:
            pids = family(system.control.part(self.part).pid)
            if not pids:
                raise FaultNotInjected(f"{self.name}: the {self.part} is dead; restart it first")
            lowered: list[Lowered] = []
            try:
                for pid in pids:
                    lowered.append(lower(pid, self.resource, self.soft_limit(pid)))  # noqa: PERF401 - undone
            except FaultNotInjected:
                put_back(*lowered)
                raise
            return msgspec.json.encode(lowered)

        def free(lowered: bytes) -> None:
            put_back(*msgspec.json.decode(lowered, type=list[Lowered]))

        with held(system, self.name, limit, free):
            yield
