"""Where queries become replies, whatever brought them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from chaos.alarms import Alarm, Alarms
from chaos.dns import wire
from chaos.dns.board import FaultBoard
from chaos.dns.history import History
from chaos.dns.plan import FaultPlan
from chaos.dns.records import Records
from chaos.dns.reply import Transport
from chaos.errors import QueryUnreadable

Send = Callable[[bytes], None]
# Replies that wait are memory; whoever asks more than this meanwhile gets no answer.
_MOST_WAITING = 20_000


@dataclass(slots=True, eq=False)
class _Late:
    send: Send
    packet: bytes
    faults: tuple[int, ...]
    alarm: Alarm | None = None


class Desk:
    """Answers packets: at once, late, spoilt or not at all, as the faults will have it."""

    def __init__(self, records: Records, history: History, plan: FaultPlan, alarms: Alarms) -> None:
        self.records = records
        self.history = history
        self._alarms = alarms
        self._waiting: set[_Late] = set()
        self.board = FaultBoard(plan, alarms, self._release)

    def take(self, packet: bytes, transport: Transport, send: Send) -> None:
        """Answer one packet; `send` is called once with the reply, later perhaps, or never."""
        arrived = time.monotonic()
        try:
            query = wire.read_query(packet)
        except QueryUnreadable as unreadable:
            if unreadable.answer is not None:
                send(unreadable.answer)
            return
        outcome = self.board.spoil(self.records.answer(query.question), query.question, transport)
        self.history.add(query.question, transport, outcome)
        if outcome.reply.dropped:
            return
        answer = wire.write_reply(query, outcome.reply, over_udp=transport == "udp")
        if outcome.reply.delay_seconds:
            self._later(arrived + outcome.reply.delay_seconds, _Late(send, answer, outcome.ids))
        else:
            send(answer)

    def close(self) -> None:
        """Drop the replies that wait and end every fault."""
        for late in self._waiting:
            if late.alarm is not None:
                late.alarm.cancel()
        self._waiting.clear()
        self.board.end()

    def _later(self, at_seconds: float, late: _Late) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.add(late)
            late.alarm = self._alarms.at(at_seconds, lambda: self._go(late))

    def _go(self, late: _Late) -> None:
        self._waiting.discard(late)
        late.send(late.packet)

    def _release(self, fault_id: int) -> None:
        for late in [each for each in self._waiting if fault_id in each.faults]:
            if late.alarm is not None:
                late.alarm.cancel()
            self._go(late)
