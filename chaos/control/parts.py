"""The control on the owner's side: what is done to the parts of a lab, and taken back."""

from collections.abc import Callable, Mapping

import psutil

from chaos.clock.faketime import FakeClock, sweep_up_abandoned
from chaos.errors import ControlRefused
from chaos.system import Clocked, Part, PartState, Reading
from testbed.errors import PartFailed, SettingsError
from testbed.lab import Lab
from testbed.lab_part import LabPart
from testbed.settings import CaPartSettings, RaPartSettings

AnyPart = LabPart[CaPartSettings] | LabPart[RaPartSettings]


class PartsControl:
    """A `chaos.system.Control` of the lab's parts; use it from one thread, which the parts do not outlive.

    `clocks` are those the parts run with, if not the machine's.
    """

    def __init__(self, lab: Lab, clocks: Mapping[Clocked, FakeClock]) -> None:
        self._lab, self._clocks = lab, clocks
        self._unsettled: dict[Part, Callable[[], None]] = {}

    def part(self, part: Part) -> PartState:
        """The part as it is now; `pid` 0 while it is dead."""
        one = self._part(part)
        pid = 0 if one.death() else one.pid
        return PartState(part, pid, _children(pid), one.starts, one.addresses)

    def kill(self, part: Part) -> None:
        """End the part at once; its end is no incident. It stays dead until `restart`."""
        self._unsettled.pop(part, None)
        self._part(part).kill()
        self._sweep(part)

    def restart(self, part: Part) -> PartState:
        """Start the part anew, on the ports it had, with its settings of now; ended in order if it runs."""
        one = self._part(part)
        try:
            one.restart()
        except PartFailed as error:
            raise self._again_later(part, one.restart, error) from error
        finally:
            self._sweep(part)
        self._unsettled.pop(part, None)
        return self.part(part)

    def reload(self, part: Part, changes: Mapping[str, object]) -> int:
        """Have the part go on with other settings; gives the change's number."""
        try:
            return self._part(part).change(changes)
        except (PartFailed, SettingsError) as error:
            raise ControlRefused(str(error)) from error

    def changes(self, part: Part) -> Mapping[int, Mapping[str, object]]:
        """The changes that hold, by number, in the order in which they were made."""
        return self._part(part).changes

    def restore(self, part: Part, change: int | None = None) -> None:
        """Take one change back, or all of them; no matter if it has been taken back before."""
        one = self._part(part)
        try:
            one.take_back(change)
        except PartFailed as error:
            raise self._again_later(part, one.settle, error) from error

    def set_clock(self, part: Clocked, reading: Reading) -> None:
        """Shift the part's wall clock, and its workers'; its monotonic clock stays. Undone by Reading()."""
        clock = self._clocks.get(part)
        if clock is not None:
            clock.show(reading)
        elif reading != Reading():
            raise ControlRefused(
                f"the {part} runs on the machine's clock; set clock = true in [chaos] and start anew"
            )

    def mend(self) -> None:
        """Try again what could not be taken back: to start a part, or to have it go on as it was."""
        for part, attempt in tuple(self._unsettled.items()):
            try:
                attempt()
            except PartFailed:
                continue
            del self._unsettled[part]

    def _part(self, part: Part) -> AnyPart:
        return self._lab.ca if part == "ca" else self._lab.ra

    def _again_later(self, part: Part, attempt: Callable[[], None], error: PartFailed) -> ControlRefused:
        self._unsettled[part] = attempt
        return ControlRefused(f"{error}; it is tried again until it does")

    def _sweep(self, part: Part) -> None:
        if part in self._clocks:
            sweep_up_abandoned()


def _children(pid: int) -> tuple[int, ...]:
    try:
        return tuple(each.pid for each in psutil.Process(pid).children(recursive=True)) if pid else ()
    except psutil.NoSuchProcess:
        return ()
