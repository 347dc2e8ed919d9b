"""A typed client of the control, in whatever process.

with ControlClient(url) as control:
    control.kill("ca")
    control.restart("ca")
"""

from collections.abc import Mapping

import msgspec

from chaos.errors import ApiRefused, ControlRefused
from chaos.http_api import ApiWords, HttpApi
from chaos.system import Clocked, Part, PartState, Reading


class _NotUsed(ApiRefused):
    """Never leaves this module."""


_WORDS = ApiWords("control", "the control", "its URL", _NotUsed, ControlRefused)
# A part that does not start is waited for; so is one that must be ended first.
_TIMEOUT_SECONDS = 180.0


class Change(msgspec.Struct, frozen=True):
    """Settings that were changed, and the number of the change."""

    number: int
    settings: dict[str, object]


class ControlClient(HttpApi):
    """The control at `url`, `http://host:port`; a `chaos.system.Control`.

    Every call returns when its effect is there, and raises ControlRefused, with the owner's words.
    """

    def __init__(self, url: str, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        super().__init__(url, _WORDS, timeout_seconds)

    def part(self, part: Part) -> PartState:
        """The part as it is now; `pid` 0 while it is dead."""
        return self._asked("GET", f"/parts/{part}", PartState)

    def kill(self, part: Part) -> None:
        """End the part at once; its end is no incident. It stays dead until `restart`."""
        self._call("POST", f"/parts/{part}/kill")

    def restart(self, part: Part) -> PartState:
        """Start the part anew, on the ports it had, with its settings of now; ended in order if it runs."""
        return self._asked("POST", f"/parts/{part}/restart", PartState)

    def reload(self, part: Part, changes: Mapping[str, object]) -> int:
        """Have the part go on with other settings; gives the change's number."""
        return self._asked("POST", f"/parts/{part}/changes", Change, dict(changes)).number

    def changes(self, part: Part) -> list[Change]:
        """The changes that hold, in the order in which they were made."""
        return self._asked("GET", f"/parts/{part}/changes", list[Change])

    def restore(self, part: Part, change: int | None = None) -> None:
        """Take one change back, or all of them; no matter if it has been taken back before."""
        self._call("DELETE", f"/parts/{part}/changes" + ("" if change is None else f"/{change}"))

    def set_clock(self, part: Clocked, reading: Reading) -> None:
        """Shift the part's wall clock, and its workers'; its monotonic clock stays. Undone by Reading()."""
        self._call("PUT", f"/clocks/{part}", reading)

    def _call(self, verb: str, path: str, body: object = None) -> bytes:
        try:
            return super()._call(verb, path, body)
        except _NotUsed as refused:
            raise ControlRefused(str(refused)) from refused
