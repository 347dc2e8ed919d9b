"""How long the RA's calls to the CA took, as far as its log tells.

A call begins where the one before it on the same connection ended, or where the trust store is loaded for a
new one. The log has whole seconds, so single times are up to a second off and their mean is right; a call
that timed out says its milliseconds.
"""

import re
from collections import OrderedDict

from exporters.logs import families
from exporters.logs.ledger import Ledger

_MOST = 10_000
_LONGEST_SECONDS = 3_600.0
_TIMED_OUT = re.compile(rb"timed out after (\d{1,8}) milliseconds")
# curl cuts its milliseconds; a timer fires a little late, never early.
_CUT_SECONDS = 0.0005
_LAST_OF_AN_ENROLLMENT = frozenset({"download", "chain"})


class CallTimes:
    """Times calls by conversation: a worker's process and connection. `timer_seconds` is the RA's timer."""

    def __init__(self, ledger: Ledger, timer_seconds: float = 10.0) -> None:
        self._ledger, self._timer_seconds = ledger, timer_seconds
        self._began: OrderedDict[bytes, float] = OrderedDict()

    def begins(self, conversation: bytes, at: float | None) -> None:
        """A call begins. Lines of an RA that starts have neither a time nor a conversation."""
        if conversation and at is not None:
            self._began.pop(conversation, None)
            self._began[conversation] = at
            if len(self._began) > _MOST:
                self._began.popitem(last=False)

    def ended_well(self, conversation: bytes, stage: str, at: float | None) -> None:
        """A call has ended, and the next one begins unless it was the enrollment's last."""
        self._observe(stage, self.took(conversation, b"", at), at)
        if stage not in _LAST_OF_AN_ENROLLMENT:
            self.begins(conversation, at)

    def took(self, conversation: bytes, reason: bytes, at: float | None) -> float | None:
        """Seconds of a call that ends for this reason; None where the log does not tell."""
        began = self._began.pop(conversation, None)
        if found := _TIMED_OUT.search(reason):
            return int(found[1]) / 1000 + _CUT_SECONDS
        return None if began is None or at is None else at - began

    def failed(self, stage: str, seconds: float | None, at: float) -> None:
        """A call has failed after so many seconds."""
        self._observe(stage, seconds, at)

    def _observe(self, stage: str, seconds: float | None, at: float | None) -> None:
        if seconds is None or at is None or not 0 <= seconds <= _LONGEST_SECONDS:
            return
        self._ledger.observe(families.RA_STAGE, (stage,), at, seconds)
        self._ledger.observe(families.RA_TIMER_USED, (stage,), at, seconds / self._timer_seconds)
