"""A part that is frozen: its sockets are open, nothing answers."""

import contextlib
from collections.abc import Iterator
from typing import ClassVar

from chaos.errors import FaultNotInjected
from chaos.fault import Fault
from chaos.hold import held
from chaos.process import family, pause, resume
from chaos.system import Part, System


class PausedPart(Fault, frozen=True, kw_only=True):
    """Every process of `part` is stopped (SIGSTOP), and goes on afterwards (SIGCONT)."""

    part: ClassVar[Part]

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Stopped; a part that is started anew meanwhile runs."""

        def stop() -> bytes:
            pids = family(system.control.part(self.part).pid)
            if not pids:
                raise FaultNotInjected(f"{self.name}: the {self.part} is dead; restart it first")
            pause(*pids)
            return b""

        def go_on(_: bytes) -> None:
            resume(*family(system.control.part(self.part).pid))

        with held(system, self.name, stop, go_on):
            yield
