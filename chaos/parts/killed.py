"""A part that is killed without a word, and started again."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from chaos.errors import ChaosError, FaultNotInjected
from chaos.fault import Fault
from chaos.hold import held
from chaos.system import Part, System


class KilledPart(Fault, frozen=True, kw_only=True):
    """Every process of `part` ends at once (SIGKILL). It is started again, on its ports, when the fault ends.

    With `seconds` it is started again after so long, or when the fault ends if that is sooner.
    """

    part: ClassVar[Part]

    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Dead. A part that does not start at the end is tried again by its owner; ControlRefused says so."""

        def kill() -> bytes:
            try:
                system.control.kill(self.part)
            except ChaosError as error:
                raise FaultNotInjected(f"{self.name}: {error}") from error
            return b""

        with held(system, self.name, kill, lambda _: self._revive(system)), self._revived(system):
            yield

    @contextlib.contextmanager
    def _revived(self, system: System) -> Iterator[None]:
        """Started again after `seconds`; the end of the strike says it when that went wrong."""
        if self.seconds is None:
            yield
            return
        timer = threading.Timer(self.seconds, self._revive_quietly, (system,))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _revive_quietly(self, system: System) -> None:
        with contextlib.suppress(ChaosError):  # the end of the strike tries again, and tells
            self._revive(system)

    def _revive(self, system: System) -> None:
        if not system.control.part(self.part).pid:
            system.control.restart(self.part)
