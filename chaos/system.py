"""What a fault can touch: the running chain as an operator reaches it, from outside.

Processes, names and sockets: the TCP proxy's API on each hop, the DNS server's, the CA's management port, and
the control of the parts' processes, which only their owner has.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from testbed.naming import Hop
from testbed.naming import PartName as Part

if TYPE_CHECKING:  # an HTTP client is much to load for who strikes with nothing
    from chaos.dns.client import DnsClient
    from chaos.tcp.client import Toxiproxy

__all__ = ["Clocked", "Control", "Hop", "Part", "PartState", "Reading", "System"]

Clocked = Literal["ca", "ra", "generator"]
"""Whose clock can be shifted: the parts', and that of the phones' process."""


class PartState(msgspec.Struct, frozen=True):
    """One part's processes: its own, those it started, how often it was started, and its addresses."""

    name: Part
    pid: int
    children: tuple[int, ...]
    starts: int
    addresses: dict[str, str]


class Reading(msgspec.Struct, frozen=True):
    """What a clock shows instead of the time: `offset_seconds` off now, running at `rate` from now on."""

    offset_seconds: float = 0.0
    rate: float = 1.0


class Control(Protocol):
    """The parts' processes, in their owner's hands.

    Every call returns when its effect is there, and raises ControlRefused when it cannot be had.
    """

    def part(self, part: Part) -> PartState:
        """The part as it is now; `pid` 0 while it is dead."""

    def kill(self, part: Part) -> None:
        """End the part at once; its end is no incident. It stays dead until `restart`."""

    def restart(self, part: Part) -> PartState:
        """Start the part anew, on the ports it had, with its settings of now; ended in order if it runs."""

    def reload(self, part: Part, changes: Mapping[str, object]) -> int:
        """Have the part go on with other settings (SIGHUP): `{"ra.template": "CiscoRB"}`, dotted names.

        Returns the change's number, for `restore`. Changes lie on each other: of two for the same setting the
        later holds, and the earlier again once that is taken back. One that is refused leaves nothing. The
        names are those of `testbed.settings.CaPartSettings` and `RaPartSettings`. A dead part is started
        with them next.
        """

    def restore(self, part: Part, change: int | None = None) -> None:
        """Take one change back, or all of them; no matter if it has been taken back before.

        Where the part cannot go on without it at once, ControlRefused; it is tried again until it can.
        """

    def set_clock(self, part: Clocked, reading: Reading) -> None:
        """Shift the part's wall clock, and its workers'; its monotonic clock stays. Undone by Reading()."""


class System(Protocol):
    """The chain under test."""

    @property
    def control(self) -> Control:
        """The parts' processes."""

    @property
    def proxies(self) -> "Toxiproxy":
        """The TCP proxies, one on each hop, under its name."""

    @property
    def dns(self) -> "DnsClient":
        """The server by which the RA finds the CA."""

    @property
    def ca_management(self) -> str:
        """URL of the CA's management port: its chaos mode."""

    @property
    def ca_host(self) -> str:
        """The name under which the RA looks for the CA."""

    @property
    def pki(self) -> Path:
        """The directory of the lab's keys and certificates (`testbed.pki.LabPki`)."""

    @property
    def seed(self) -> int:
        """Of the run; faults take their chance from streams that are seeded with it and their own name."""
