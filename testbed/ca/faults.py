"""The faults a CA can be told to have, and the dice that decide which request suffers which."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

from testbed.bounds import Settings
from testbed.ca.capacity_settings import Duration

Stage = Literal["login", "form", "submit", "download", "any"]
Kind = Literal[
    "delay", "hang", "reset", "unauthorized", "forbidden", "error", "unavailable", "empty", "cut",
    "wrong_type", "html", "wrong_key", "pending", "denied", "tls_stall", "cold_start", "cold_challenge",
]  # fmt: skip
# These act before the request is looked at, so that the client gets not one byte.
EARLY: frozenset[Kind] = frozenset(("hang", "reset", "cold_challenge"))
TLS_STALL: Kind = "tls_stall"


class Fault(Settings, frozen=True):
    """One fault: what goes wrong, at which stage, how often.

    `seconds` is the length of `delay` and `cold_start`; `retry_after_seconds` goes with `unavailable`;
    `body_share` is how much of the body `cut` sends; `count` ends the fault after so many strikes (0: never).
    """

    kind: Kind
    stage: Stage = "any"
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    seconds: Duration = 5.0
    retry_after_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 30
    body_share: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.5
    count: Annotated[int, msgspec.Meta(ge=0)] = 0


class FaultPlan(Settings, frozen=True):
    """A set of faults and the seed of their dice."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1


class ActiveFault(msgspec.Struct, frozen=True):
    """A fault as the management port shows it."""

    id: int
    fault: Fault
    injected: int


@dataclass(slots=True)
class _Entry:
    id: int
    fault: Fault
    injected: int = 0
    warm: set[str] = field(default_factory=set)

    def covers(self, stage: str) -> bool:
        """Whether the fault can strike a request of this stage now."""
        if self.fault.count and self.injected >= self.fault.count:
            return False
        if self.fault.kind in ("cold_start", "cold_challenge") and stage in self.warm:
            return False
        return self.fault.stage in ("any", stage)


class FaultBoard:
    """The faults that are active now. The dice are thrown in the order in which requests arrive."""

    def __init__(self, plan: FaultPlan, count: Callable[[str, str], None]) -> None:
        self._count = count
        self._entries: list[_Entry] = []
        self._next_id = 1
        self._ended = asyncio.Event()
        self.replace(plan)

    @property
    def seed(self) -> int:
        """What the dice were seeded with."""
        return self._seed

    @property
    def active(self) -> tuple[ActiveFault, ...]:
        """Every active fault."""
        return tuple(ActiveFault(each.id, each.fault, each.injected) for each in self._entries)

    def replace(self, plan: FaultPlan) -> None:
        """Make `plan` all there is: what was active ends, the dice start anew."""
        self.end()
        self._seed = plan.seed
        self._dice = random.Random(plan.seed)  # noqa: S311 - a simulation, not a secret
        self.add(plan.faults)

    def add(self, faults: Sequence[Fault]) -> tuple[ActiveFault, ...]:
        """Activate more faults."""
        added = [_Entry(self._next_id + index, fault) for index, fault in enumerate(faults)]
        self._next_id += len(added)
        self._entries.extend(added)
        return tuple(ActiveFault(each.id, each.fault, 0) for each in added)

    def end(self, fault_id: int | None = None) -> bool:
        """End one fault, or all; whoever hangs in one is let go. False when there was none such."""
        kept = [each for each in self._entries if fault_id is not None and each.id != fault_id]
        found = len(kept) < len(self._entries)
        self._entries = kept
        if found:
            self._ended.set()
            self._ended = asyncio.Event()
        return found

    def strike(self, stage: str, kinds: Callable[[Kind], bool]) -> Fault | None:
        """The first active fault of the wanted kinds that strikes a request of this stage, or None."""
        for entry in self._entries:
            if not kinds(entry.fault.kind) or not entry.covers(stage):
                continue
            if entry.fault.probability == 1 or self._dice.random() < entry.fault.probability:
                entry.injected += 1
                entry.warm.add(stage)
                self._count(stage, entry.fault.kind)
                return entry.fault
        return None

    def strikes_early(self, stage: str) -> Fault | None:
        """A fault that takes the place of any answer."""
        return self.strike(stage, EARLY.__contains__) if self._entries else None

    def strikes_late(self, stage: str) -> Fault | None:
        """A fault that spoils the answer to an authenticated request."""
        return self.strike(stage, _is_late) if self._entries else None

    def strikes_handshake(self) -> bool:
        """Whether the TLS handshake of a new connection stalls."""
        return bool(self._entries) and self.strike("login", TLS_STALL.__eq__) is not None

    async def hang(self, gone: asyncio.Event) -> None:
        """Wait until the faults are ended or the client has gone."""
        waits = {asyncio.ensure_future(event.wait()) for event in (gone, self._ended)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _is_late(kind: Kind) -> bool:
    return kind not in EARLY and kind != TLS_STALL
