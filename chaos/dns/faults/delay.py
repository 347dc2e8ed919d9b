"""A slow answer."""

from dataclasses import replace

from chaos.dns.faults.fault import DnsFault, Spoil
from testbed.ca.capacity_settings import ConstantTime, ServiceTime
from testbed.ca.distributions import drawer


class Delay(DnsFault, frozen=True, kw_only=True, tag="delay"):
    """The right answer, later: `time` is a distribution, drawn for each query."""

    time: ServiceTime = ConstantTime(1.0)

    def start(self, seed: int, name: str) -> Spoil:
        """Draws its delays from here on."""
        draw = drawer(self.time, seed, f"{name}/delay")
        return lambda reply: replace(reply, delay_seconds=reply.delay_seconds + draw())
