"""A stretch of a storm in numbers: the attempts that were meant to start since it has been calm."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from loadtests.results.journal import Attempt
from loadtests.results.measures import percentiles
from testbed.ca import database
from testbed.est_errors import EstError

_TIMED_OUT = str(EstError.SSL_READ)


@dataclass(frozen=True, slots=True)
class Window:
    """Attempts of one stretch. Shares are 0 to 1, times seconds; each number is 0 where there is none."""

    attempts: Sequence[Attempt]

    @property
    def enrolled_share(self) -> float:
        """How many of the attempts enrolled."""
        return _share(sum(attempt.enrolled for attempt in self.attempts), len(self.attempts))

    @property
    def timeout_share(self) -> float:
        """How many of the attempts CAPF's read timer ended."""
        late = sum(attempt.est_error == _TIMED_OUT for attempt in self.attempts)
        return _share(late, len(self.attempts))

    @property
    def latency_p99_seconds(self) -> float | None:
        """Intended start to end of those that enrolled; None when none did."""
        latencies = [each.done - each.intended_start for each in self.attempts if each.enrolled]
        spread = percentiles(pl.Series(latencies, dtype=pl.Float64))
        return spread.p99 if spread else None

    @property
    def throughput_per_second(self) -> float:
        """Phones enrolled by the time from the first intended start to the last end."""
        enrolled = [attempt for attempt in self.attempts if attempt.enrolled]
        if not enrolled:
            return 0.0
        first = min(attempt.intended_start for attempt in self.attempts)
        return len(enrolled) / (max(attempt.done for attempt in self.attempts) - first)

    def orphans(self, ca_database: Path) -> int:
        """Certificates issued to these phones during these attempts, and that they do not hold.

        What came after the last attempt on record may be for one that is still under way.
        """
        held = {attempt.serial for attempt in self.attempts if attempt.enrolled}
        first: dict[str, float] = {}
        last: dict[str, float] = {}
        for attempt in self.attempts:
            first.setdefault(attempt.phone, attempt.started)
            last[attempt.phone] = max(attempt.done, last.get(attempt.phone, 0.0))
        return sum(
            first[phone] <= certificate.issued_at <= last[phone]
            for certificate in database.issued(ca_database)
            if certificate.serial not in held
            for phone in _names(certificate.subject) & first.keys()
        )


def since(attempts: Iterable[Attempt], moment: float) -> Window:
    """The attempts that were meant to start at `moment` or later."""
    return Window([attempt for attempt in attempts if attempt.intended_start >= moment])


def is_whole(attempts: Collection[Attempt], phones: int) -> bool:
    """Whether so many phones have ended their first attempt, and none between them is under way.

    Phones start in the order of their index, as a rule, so one that is missing between others has not ended.
    """
    indexes = {attempt.index for attempt in attempts if attempt.attempt == 1}
    return len(indexes) >= phones and max(indexes) - min(indexes) + 1 == len(indexes)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _names(subject: str) -> set[str]:
    return {part.partition("=")[2].strip() for part in subject.replace("+", ",").split(",")}
