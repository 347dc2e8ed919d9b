"""A server that fails every now and then, regularly."""

import itertools
from dataclasses import replace
from typing import Annotated, Literal

import msgspec

from chaos.dns.faults.fault import DnsFault, Spoil
from chaos.dns.reply import Rcode, Reply


class Flapping(DnsFault, frozen=True, kw_only=True, tag="flapping"):
    """Every `every`-th query it is for goes wrong, ending as `outcome` says; the others are answered."""

    every: Annotated[int, msgspec.Meta(ge=1)] = 2
    outcome: Literal["servfail", "nxdomain", "refused", "drop"] = "servfail"

    def start(self, seed: int, name: str) -> Spoil:  # noqa: ARG002 - nothing here is left to chance
        """Counts queries from here on."""
        turns = itertools.cycle(range(1, self.every + 1))
        return lambda reply: self.spoil(reply) if next(turns) == self.every else reply

    def spoil(self, reply: Reply) -> Reply:
        """Wrong, this time."""
        if self.outcome == "drop":
            return replace(reply, dropped=True)
        return reply.refused_as(Rcode[self.outcome.upper()])
