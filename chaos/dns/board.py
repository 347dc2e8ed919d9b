"""The faults that are active now, and the dice that decide which query suffers which."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from chaos.alarms import Alarm, Alarms
from chaos.dice import Dice
from chaos.dns.faults.fault import Spoil
from chaos.dns.plan import ActiveFault, AnyFault, FaultPlan, Faults
from chaos.dns.reply import Question, Reply, Transport


@dataclass(slots=True)
class _Entry:
    id: int
    fault: AnyFault
    spoil: Spoil
    chance: random.Random
    strikes: int = 0
    end: Alarm | None = None

    def strike(self, reply: Reply) -> Reply:
        """The reply as the fault leaves it: the very same when the dice spare it."""
        spared = self.chance.random() >= self.fault.probability
        return reply if spared else self.spoil(reply)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply, and the kinds and ids of the faults that made it so, in the order in which they struck."""

    reply: Reply
    faults: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()


class FaultBoard:
    """The active faults. Every fault has dice of its own, thrown in the order in which queries arrive.

    So the same plan spoils the same queries of the same list, and a fault more does not shift the others.
    `ended` is called with the id of each fault that is ended, so that replies it holds back can go.
    """

    def __init__(self, plan: FaultPlan, alarms: Alarms, ended: Callable[[int], None]) -> None:
        self._alarms = alarms
        self._ended = ended
        self._entries: list[_Entry] = []
        self._started = 0
        self._next_id = 1
        self._seed = plan.seed
        self.replace(plan)

    @property
    def active(self) -> Faults:
        """The seed and every active fault."""
        return Faults(self._seed, tuple(map(_shown, self._entries)))

    def replace(self, plan: FaultPlan) -> None:
        """Make `plan` all there is: what was active ends, the dice start anew."""
        entries = [self._entry(fault, plan.seed, number) for number, fault in enumerate(plan.faults, 1)]
        self.end()
        self._seed, self._started = plan.seed, len(entries)
        self._activate(entries)

    def add(self, faults: Sequence[AnyFault]) -> tuple[ActiveFault, ...]:
        """Activate more faults."""
        entries = [self._entry(fault, self._seed, self._started + n) for n, fault in enumerate(faults, 1)]
        self._started += len(entries)
        self._activate(entries)
        return tuple(map(_shown, entries))

    def end(self, fault_id: int | None = None) -> bool:
        """End one fault, or all; False when there was none such."""
        ending = [each for each in self._entries if fault_id in (None, each.id)]
        for entry in ending:
            self._remove(entry)
            self._ended(entry.id)
        return bool(ending)

    def spoil(self, reply: Reply, question: Question, transport: Transport) -> Outcome:
        """What becomes of a reply."""
        struck: list[_Entry] = []
        for entry in tuple(self._covering(question, transport)):
            spoilt = entry.strike(reply)
            if spoilt is not reply:
                struck.append(entry)
                reply = spoilt
                entry.strikes += 1
                if entry.strikes == entry.fault.count:
                    self._remove(entry)
        return Outcome(reply, tuple(each.fault.kind for each in struck), tuple(each.id for each in struck))

    def _covering(self, question: Question, transport: Transport) -> Iterator[_Entry]:
        return (each for each in self._entries if each.fault.covers(question, transport))

    def _entry(self, fault: AnyFault, seed: int, number: int) -> _Entry:
        self._next_id += 1
        stream = f"fault {number}"
        return _Entry(
            self._next_id - 1, fault, fault.start(seed, stream), Dice(seed).stream(stream, "strikes")
        )

    def _activate(self, entries: Sequence[_Entry]) -> None:
        for entry in entries:
            self._entries.append(entry)
            if entry.fault.seconds is not None:
                end = time.monotonic() + entry.fault.seconds
                entry.end = self._alarms.at(end, partial(self._expire, entry.id))

    def _expire(self, fault_id: int) -> None:
        self.end(fault_id)

    def _remove(self, entry: _Entry) -> None:
        self._entries.remove(entry)
        if entry.end is not None:
            entry.end.cancel()


def _shown(entry: _Entry) -> ActiveFault:
    return ActiveFault(entry.id, entry.fault, entry.strikes)
