"""An RA that is told its account's new password."""

import contextlib
from collections.abc import Mapping
from typing import ClassVar

from chaos.errors import ControlRefused
from chaos.fault import Evidence
from chaos.parts.changed import ChangedPart
from chaos.system import Part, System
from testbed.bounds import Name


class PasswordChanged(ChangedPart, frozen=True, kw_only=True):
    """The RA logs in with `password`: the repair of `ca.password_changed`.

    It refuses one that the CA does not take; also its own old one, as long as the CA has the new: it goes
    back when the CA does.
    """

    name: ClassVar[str] = "ra.password_changed"
    summary: ClassVar[str] = "the RA logs in with another password"
    part: ClassVar[Part] = "ra"

    password: Name = "changed at the CA"  # noqa: S105 - nobody's

    def changes(self) -> Mapping[str, object]:
        """The account's password, in the RA's settings."""
        return {"account_password": self.password}

    def take_back(self, system: System, change: int) -> None:
        """Back at once, or when its owner tries again."""
        with contextlib.suppress(ControlRefused):
            super().take_back(system, change)

    def evidence(self) -> tuple[Evidence, ...]:
        """None: with the CA's it works, and another is refused."""
        return ()
