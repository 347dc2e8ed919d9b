"""A part whose settings are wrong for a while."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import ClassVar

from chaos.errors import ControlRefused, FaultNotInjected
from chaos.fault import Fault
from chaos.system import Part, System


class ChangedPart(Fault, frozen=True, kw_only=True):
    """`part` goes on with other settings (SIGHUP), started anew or not, and afterwards with those it had."""

    part: ClassVar[Part]

    def changes(self) -> Mapping[str, object]:
        """The settings that are other, by their dotted names."""
        raise NotImplementedError

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Changed. ControlRefused at the end when the part cannot go back yet: its owner tries again."""
        try:
            change = system.control.reload(self.part, self.changes())
        except ControlRefused as error:
            raise FaultNotInjected(f"{self.name}: {error}") from error
        try:
            yield
        finally:
            self.take_back(system, change)

    def take_back(self, system: System, change: int) -> None:
        """Have the part go back; ControlRefused when it cannot yet."""
        system.control.restore(self.part, change)
