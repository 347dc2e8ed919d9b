"""What CAPF's trace and CES's logs say of enrollments and of the RA's calls, as sums."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from exporters.logs import families
from exporters.logs.ledger import Ledger, Series
from exporters.logs.lines import LineBlocks, encoding_of
from exporters.logs.moments import DatedTimes
from exporters.logs.reading import Manner, Readers
from exporters.logs.sources import LogFile, chunks
from loadtests.calibration.document import Chain

_TIMED_OUT = "curl_28"


class Sums(Ledger):
    """Adds up by metric and labels, whenever it was; a histogram's sum and its number of values."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: Counter[Series] = Counter()
        self.totals: Counter[Series] = Counter()

    def _add(self, series: Series, at: float, slot: int, amount: float) -> None:  # noqa: ARG002 - sums have no time
        with self._lock:
            into = self.totals if series.metered.edges and slot == series.metered.sum_slot else self.counts
            into[series] += amount  # type: ignore[assignment]

    def count_of(self, metered: object, *labels: str) -> int:
        """How many of a metric, of those series that have all the labels."""
        return round(sum(number for series, number in self.counts.items() if _is(series, metered, labels)))

    def mean_of(self, metered: object, *labels: str) -> float:
        """The mean of a histogram's values; 0 without any."""
        number = self.count_of(metered, *labels)
        total = sum(value for series, value in self.totals.items() if _is(series, metered, labels))
        return total / number if number else 0.0


def read_chain_logs(files: Sequence[LogFile], manner: Manner, clock: Callable[[], float]) -> Chain:
    """What the files of CAPF, CES and NGINX say; those of IIS are left out. LogsError for one that fails."""
    sums = Sums()
    # Only lengths of time count, so any first date will do.
    dates = DatedTimes(manner.zone("capf"), dt.datetime.fromtimestamp(clock(), dt.UTC).date())
    readers = Readers(manner, sums, dates.at, clock, 1.0)
    for file in files:
        if file.log == "iis":
            continue
        reader, blocks = readers.reader(file.log), None
        for chunk in chunks(file.path):
            blocks = blocks or LineBlocks(encoding_of(chunk[:2]))
            reader.read(blocks.feed(chunk), clock())
        if blocks:
            reader.read(blocks.finish(), clock())
    for log in {file.log for file in files} - {"iis"}:
        readers.reader(log).finish(clock())
    return _chain(sums)


def _chain(sums: Sums) -> Chain:
    stages = {series.labels[0] for series in sums.counts if series.metered is families.RA_FAILURES}
    cut = {stage: sums.count_of(families.RA_FAILURES, stage, _TIMED_OUT) for stage in sorted(stages)}
    return Chain(
        started=sums.count_of(families.STARTED),
        enrolled=sums.count_of(families.SUCCEEDED),
        failed=sums.count_of(families.FAILED),
        mean_enrolled_seconds=round(sums.mean_of(families.SERVICE, "enrolled"), 6),
        timed_out_at_capf=sums.count_of(families.TIMEOUTS),
        orphans_told=sums.count_of(families.RA_ORPHANS),
        cut_calls={stage: number for stage, number in cut.items() if number},
    )


def _is(series: Series, metered: object, labels: tuple[str, ...]) -> bool:
    return series.metered is metered and all(label in series.labels for label in labels)
