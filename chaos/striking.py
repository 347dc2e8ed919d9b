"""Striking with faults, and telling whoever listens: when each began, when it ended, and when it did not.

striker = Striker(system, [metrics.take, annotations.take])
with striker.struck("tcp.latency#0.0", fault):
    ...                                           # gone afterwards, whatever happened
"""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from chaos.fault import Fault
from chaos.registry import write_fault
from chaos.system import System

Event = Literal["start", "end", "failed"]


class Note(msgspec.Struct, frozen=True):
    """What happened to one strike. `fault` is its table, `at` seconds since the epoch.

    `start` comes when the fault is there, `end` when it is gone; `failed` says why it never was, or was not
    undone.
    """

    name: str
    fault: dict[str, object]
    event: Event
    at: float
    reason: str = ""

    @property
    def kind(self) -> str:
        """The fault's name."""
        return str(self.fault["fault"])

    @property
    def text(self) -> str:
        """The fault in a line: `tcp.latency hop=ra-ca latency_ms=200`."""
        return " ".join(
            [self.kind, *(f"{key}={value}" for key, value in self.fault.items() if key != "fault")]
        )


Listener = Callable[[Note], None]


class Striker:
    """Strikes a system with faults. What a listener raises is its own affair: it is logged, and no more."""

    def __init__(
        self, system: System, listeners: Iterable[Listener] = (), clock: Callable[[], float] = time.time
    ) -> None:
        self._system = system
        self._listeners = tuple(listeners)
        self._clock = clock

    @contextlib.contextmanager
    def struck(self, name: str, fault: Fault) -> Iterator[None]:
        """The fault for the length of the block; what its entering and leaving raise comes through."""
        try:
            with fault.strike(self._system):
                self._tell(name, fault, "start")
                yield
        except Exception as error:
            self._tell(name, fault, "failed", str(error))
            raise
        except BaseException:
            self._tell(name, fault, "end")
            raise
        self._tell(name, fault, "end")

    def _tell(self, name: str, fault: Fault, event: Event, reason: str = "") -> None:
        note = Note(name, write_fault(fault), event, self._clock(), reason)
        for listener in self._listeners:
            try:
                listener(note)
            except Exception:
                logging.getLogger(__name__).exception("a listener failed at the %s of %s", event, name)


def log(note: Note) -> None:
    """A listener: one line of the log for each note."""
    logger = logging.getLogger("chaos")
    if note.event == "failed":
        logger.error("fault failed: %s (%s): %s", note.text, note.name, note.reason)
    else:
        logger.info("fault %s: %s (%s)", note.event, note.text, note.name)


class FaultMetrics(Collector):
    """A listener, and a Prometheus collector: which faults are in force, `estorm_fault_active{fault}`."""

    def __init__(self) -> None:
        self._active: Counter[str] = Counter()
        self._names: set[str] = set()

    def take(self, note: Note) -> None:
        """Count a strike that begins or ends."""
        if note.event == "start":
            self._names.add(note.name)
            self._active[note.kind] += 1
        elif note.name in self._names:
            self._names.discard(note.name)
            self._active[note.kind] -= 1

    def active(self) -> dict[str, int]:
        """How many strikes of each fault are in force; 0 for those that have ended."""
        return dict(self._active)

    def collect(self) -> Iterator[Metric]:
        """1 for each fault that is in force, 0 for those that were."""
        family = GaugeMetricFamily(
            "estorm_fault_active", "1 while the fault is in force, 0 after its end.", labels=["fault"]
        )
        for kind, count in self._active.items():
            family.add_metric([kind], min(count, 1))
        yield family
