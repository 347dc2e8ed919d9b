"""What was asked, and what became of it."""

from collections import deque
from collections.abc import Callable

import msgspec

from chaos.dns.board import Outcome
from chaos.dns.names import key
from chaos.dns.reply import Question, Transport


class AskedQuery(msgspec.Struct, frozen=True):
    """One query: who asked is not kept, when is (seconds of the epoch).

    `type` and `class_` are numbers, `faults` the kinds that struck, in order. `rcode` is the reply's even
    when it was dropped; `delay_seconds` is how late it was asked to be.
    """

    number: int
    epoch_seconds: float
    name: str
    type: int
    class_: int
    transport: Transport
    faults: tuple[str, ...]
    rcode: int
    dropped: bool
    delay_seconds: float


class QueryLog(msgspec.Struct, frozen=True):
    """The seed, and the queries that are kept, oldest first."""

    seed: int
    queries: tuple[AskedQuery, ...]


class History:
    """The newest queries, as many as are kept, numbered from 1."""

    def __init__(self, kept: int, epoch: Callable[[], float]) -> None:
        self._queries: deque[AskedQuery] = deque(maxlen=kept)
        self._epoch = epoch
        self._count = 0

    def add(self, question: Question, transport: Transport, outcome: Outcome) -> None:
        """Remember one more."""
        self._count += 1
        reply = outcome.reply
        asked = AskedQuery(
            self._count, self._epoch(), question.name, question.type, question.class_, transport,
            outcome.faults, int(reply.rcode), reply.dropped, reply.delay_seconds,
        )  # fmt: skip
        self._queries.append(asked)

    @property
    def queries(self) -> tuple[AskedQuery, ...]:
        """All that is kept."""
        return tuple(self._queries)

    def of(self, host: str) -> list[AskedQuery]:
        """The queries for a name, given without its last dot."""
        return [query for query in self._queries if key(query.name) == host.lower()]

    def clear(self, host: str | None = None) -> None:
        """Forget the queries for a name, or all."""
        kept = () if host is None else [each for each in self._queries if key(each.name) != host.lower()]
        self._queries = deque(kept, self._queries.maxlen)
