"""CAPF's trace: an enrollment is what stands between `Calling enrollCertUsingEST()` and its outcome.

    14:05:04.628 | debug 2:SEP74A02FC0A675:Calling enrollCertUsingEST() csr_file=/tmp/capf/csr/...
    14:05:05.236 | debug 2:SEP74A02FC0A675:Enrollment rv = 0 (EST_ERR_NONE) with pkcs7 length = 1963
    14:05:05.289 | debug 2:SEP74A02FC0A675:Online Cert Signing successful

The trace has no dates, and no line of it says whether a phone renews. How far an enrollment came is known by
its error.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from exporters.logs import families
from exporters.logs.est_errors import GOOD, UNKNOWN, EstErrorNames, stage_of
from exporters.logs.ledger import Ledger
from exporters.logs.lines import lines_of
from exporters.logs.moments import TimeOfDay
from exporters.logs.unreadable import Unreadable

LOG = "capf"
LONGEST_SECONDS = 3_600.0
_MOST_UNDER_WAY = 100_000
# A timer of 10 s fires a few ms late, never early; the trace's clock is cut to a millisecond.
_TIMER_SLACK_SECONDS = 0.01
_OPERATION = ""
_LINE = re.compile(
    rb"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)\.(\d{3}) \|(?:-->|<--| )(?:debug (?:\d+:)?([\w.-]{1,64}):(.*))?"
)
_ANSWER = re.compile(rb"Enrollment rv = (\d{1,3}) \((EST_ERR_[A-Z0-9_]{1,40})\)")
_RETURN = re.compile(rb"Return value from enrollCertUsingEST\(\) : (\d{1,3})")


@dataclass(slots=True)
class _UnderWay:
    began: float
    error: str = GOOD
    stage: str = ""


def time_of(line: bytes) -> TimeOfDay | None:
    """The time of day a line begins with; None: it is no line of the trace."""
    found = _LINE.match(line)
    return _time(found) if found else None


class CapfReader:
    """Reads blocks of lines. `dated` gives a time of day its moment, `errors` are libEST's.

    `timer_seconds` is CAPF's read timer.
    """

    def __init__(
        self,
        ledger: Ledger,
        unreadable: Unreadable,
        dated: Callable[[TimeOfDay], float],
        errors: EstErrorNames,
        timer_seconds: float = 10.0,
    ) -> None:
        self.last_at: float | None = None
        self._ledger, self._unreadable = ledger, unreadable
        self._dated, self._errors = dated, errors
        self._timer_seconds = timer_seconds
        self._under_way: OrderedDict[bytes, _UnderWay] = OrderedDict()

    @property
    def under_way(self) -> int:
        """Enrollments that have begun and not ended."""
        return len(self._under_way)

    def read(self, block: bytes, now: float) -> None:
        """Count what the lines say; `now` stands in where a time is missing."""
        lines = 0
        for line in lines_of(block):
            lines += 1
            found = _LINE.match(line)
            if found is None:
                self._unreadable.add(LOG, "form", self.last_at or now)
                self._unreadable.keep(LOG, "form", line)
                continue
            self.last_at = at = self._dated(_time(found))
            if found[5]:
                self._say(found[5], found[6], at)
        if lines:
            self._ledger.count(families.LINES, (LOG,), self.last_at or now, lines)
            self._forget_old(self.last_at or now)

    def finish(self, now: float) -> None:
        """No more lines come: what is under way stays so."""

    def _say(self, device: bytes, text: bytes, at: float) -> None:
        if text.startswith(b"Calling enrollCertUsingEST()"):
            self._begin(device, at)
        elif text.startswith(b"Enrollment rv"):
            self._answered(device, text, at)
        elif text.startswith(b"Return value from enroll"):
            self._returned(device, text)
        elif text.startswith(b"Online Cert Signing successful"):
            self._end(device, at, good=True)
        elif text.startswith(b"Online Cert Signing Failed"):
            self._end(device, at, good=False)

    def _begin(self, device: bytes, at: float) -> None:
        if self._under_way.pop(device, None):
            self._ledger.count(families.UNFINISHED, (LOG,), at)
        self._under_way[device] = _UnderWay(at)
        self._ledger.count(families.STARTED, (_OPERATION,), at)
        if len(self._under_way) > _MOST_UNDER_WAY:
            self._under_way.popitem(last=False)
            self._ledger.count(families.UNFINISHED, (LOG,), at)

    def _answered(self, device: bytes, text: bytes, at: float) -> None:
        found = _ANSWER.match(text)
        begun = self._under_way.get(device)
        if not found or not begun:
            return
        begun.error, begun.stage = self._errors.named(found[2]), stage_of(found[2])
        seconds = at - begun.began
        if not 0 <= seconds <= LONGEST_SECONDS:
            return
        self._ledger.observe(families.TIMER_USED, (families.READ_TIMER,), at, seconds / self._timer_seconds)
        if begun.error == "EST_ERR_SSL_READ" and seconds >= self._timer_seconds - _TIMER_SLACK_SECONDS:
            self._ledger.count(families.TIMEOUTS, (families.READ_TIMER, begun.stage), at)

    def _returned(self, device: bytes, text: bytes) -> None:
        """What CAPF itself found wrong with a certificate that libEST took."""
        found = _RETURN.match(text)
        begun = self._under_way.get(device)
        if found and begun and begun.error == GOOD:
            begun.error = self._errors.numbered(int(found[1]))
            begun.stage = stage_of(begun.error.encode())

    def _end(self, device: bytes, at: float, *, good: bool) -> None:
        begun = self._under_way.pop(device, None)
        if good:
            self._ledger.count(families.SUCCEEDED, (_OPERATION,), at)
        else:
            error, stage = (begun.error, begun.stage) if begun else (UNKNOWN, "")
            self._ledger.count(families.FAILED, (_OPERATION, error, stage), at)
        if begun is None:
            return
        seconds = at - begun.began
        if 0 <= seconds <= LONGEST_SECONDS:
            outcome = "enrolled" if good else "failed"
            self._ledger.observe(families.SERVICE, (_OPERATION, outcome), at, seconds)
        else:
            self._ledger.count(families.CLOCK_JUMPS, (LOG,), at)

    def _forget_old(self, at: float) -> None:
        """What has no end for an hour has none; in their order, so that none is looked at in vain."""
        while self._under_way:
            device, begun = next(iter(self._under_way.items()))
            if at - begun.began <= LONGEST_SECONDS:
                return
            del self._under_way[device]
            self._ledger.count(families.UNFINISHED, (LOG,), at)


def _time(found: re.Match[bytes]) -> TimeOfDay:
    return TimeOfDay(int(found[1]), int(found[2]), int(found[3]) + int(found[4]) / 1000)
