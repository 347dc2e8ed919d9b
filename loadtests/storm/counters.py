"""Counters of a running chain, read every second, and how busy its parts were between two moments.

with the lab up:   meter.sample(now, cpu_seconds)       again and again
afterwards:        usage_between(samples, begin, end, limits)
"""

import bisect
import contextlib
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil
from prometheus_client.parser import text_string_to_metric_families

from exporters import ca, ra
from loadtests.results.usage import Usage
from testbed.settings import LabSettings

_EVERY_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
_WAITS = (ra.ACCEPT_WAIT.name, ra.WORKER_WAIT.name, ra.POOL_WAIT.name, ca.WAITING.name)
_WANTED = (
    ra.WORKER_BUSY.name,
    ra.POOL_BUSY.name,
    ra.FAILURES.name,
    ra.STAGE_SECONDS.name,
    ca.SERVICE.name,
    *_WAITS,
)
_PAGES = ("login", "form", "submit", "download")
_SIGNING = "signing"
_LABELS = (ra.STAGE.name, ra.CAUSE.name)
RA_FRONT = "ra front"
_MACHINE_BUSY, _MACHINE = "machine busy", "machine"

Counts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """The counters at one moment, in seconds since the epoch; their names are this module's own."""

    at: float
    counts: Counts


class CounterMeter:
    """Reads the parts' counters; `samples` are those it has, in order."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self.samples: list[Sample] = []

    def sample_if_due(self, now: float, cpu_seconds: Callable[[], Counts]) -> None:
        """Read them, once a second at most; a part that does not answer leaves this sample out."""
        if self.samples and now - self.samples[-1].at < _EVERY_SECONDS:
            return
        self.sample(now, cpu_seconds())

    def sample(self, now: float, cpu_seconds: Counts) -> None:
        """Read them now; `cpu_seconds` by process name go with them."""
        counts: dict[str, float] = {f"cpu {name}": spent for name, spent in cpu_seconds.items()}
        counts.update(_machine())
        with contextlib.suppress(OSError):
            for url in self._urls:
                counts.update(read_counts(_fetch(url)))
            self.samples.append(Sample(now, counts))


def read_counts(page: str) -> Counts:
    """The sums and counts in a `/metrics` page that usage is made from."""
    lines = (line for line in page.splitlines() if line.startswith(_WANTED) and "_bucket" not in line)
    found: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families("\n".join(lines) + "\n"):
        for each in family.samples:
            labels = (each.labels[name] for name in _LABELS if name in each.labels)
            found[" ".join([each.name, *labels])] += each.value
    return found


def usage_between(
    samples: Sequence[Sample], begin: float, end: float, lab: LabSettings | None = None
) -> Usage:
    """How busy everything was from `begin` to `end`, seconds since the epoch.

    Between two samples a counter is taken to grow evenly. Of a `lab`, shares of its workers, threads and
    devices are known.
    """
    if end <= begin or len(samples) < 2:
        return Usage()
    grown = _Growth(_at(samples, begin), _at(samples, end), end - begin)
    workers = lab.ra.workers.count if lab and lab.ra.workers.blocking else 0
    threads = lab.ca.capacity.workers if lab else 0
    places = lab.ra.pool_places if lab else 0
    signing = bool(lab and lab.ca.capacity.signing)
    return Usage(
        ra_workers=grown.share(workers, ra.WORKER_BUSY.name),
        ca_threads=grown.share(threads, *(f"{ca.SERVICE.name}_sum {page}" for page in _PAGES)),
        ca_signing=grown.share(int(signing), f"{ca.SERVICE.name}_sum {_SIGNING}"),
        ra_cpu=_less(grown.rate("cpu ra"), grown.rate(f"cpu {RA_FRONT}")),
        ra_front_cpu=grown.rate(f"cpu {RA_FRONT}"), ca_cpu=grown.rate("cpu ca"),
        generator_cpu=grown.rate("cpu generator"),
        machine_cpu=grown.ratio([_MACHINE_BUSY], [_MACHINE]),
        ra_wait_seconds=_added(grown.mean(ra.ACCEPT_WAIT.name), grown.mean(ra.WORKER_WAIT.name))
        if workers else None,
        ca_wait_seconds=grown.mean(ca.WAITING.name, *_PAGES) if threads else None,
        signing_wait_seconds=grown.mean(ca.WAITING.name, _SIGNING) if signing else None,
        stage_shares=dict(_stage_shares(grown)),
        ra_pool=grown.share(places, ra.POOL_BUSY.name),
        pool_wait_seconds=grown.mean(ra.POOL_WAIT.name) if places else None,
        failed_calls=grown.rates(ra.FAILURES.name),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Growth:
    """How much counters have grown."""

    before: Counts
    after: Counts
    seconds: float

    def of(self, name: str) -> float:
        return max(0.0, self.after.get(name, 0.0) - self.before.get(name, 0.0))

    def share(self, servers: int, *names: str) -> float | None:
        """Of the time of all `servers`; None without any."""
        return min(1.0, sum(map(self.of, names)) / self.seconds / servers) if servers else None

    def rate(self, name: str) -> float | None:
        return self.of(name) / self.seconds if name in self.after else None

    def rates(self, counter: str) -> dict[str, float]:
        """Of each of its label values that was counted at all."""
        names = [name for name in self.after if name.startswith(f"{counter} ") and self.of(name)]
        return {name.removeprefix(f"{counter} "): self.of(name) / self.seconds for name in names}

    def ratio(self, parts: Sequence[str], wholes: Sequence[str]) -> float | None:
        whole = sum(map(self.of, wholes))
        return sum(map(self.of, parts)) / whole if whole else None

    def mean(self, histogram: str, *stages: str) -> float | None:
        """Of what a histogram observed, in all of these stages or without stages."""
        suffixes = [f" {stage}" for stage in stages] or [""]
        return self.ratio(
            [f"{histogram}_sum{suffix}" for suffix in suffixes],
            [f"{histogram}_count{suffix}" for suffix in suffixes],
        )


def _added(first: float | None, second: float | None) -> float | None:
    return None if first is None and second is None else (first or 0.0) + (second or 0.0)


def _less(whole: float | None, part: float | None) -> float | None:
    return None if whole is None else max(0.0, whole - (part or 0.0))


def _stage_shares(grown: _Growth) -> Iterator[tuple[str, float]]:
    names = {stage: f"{ra.STAGE_SECONDS.name}_sum {stage}" for stage in _PAGES}
    total = sum(map(grown.of, names.values()))
    if total:
        yield from ((stage, grown.of(name) / total) for stage, name in names.items())


def _at(samples: Sequence[Sample], moment: float) -> Counts:
    """The counters at a moment between two samples, or at the nearest there is."""
    place = bisect.bisect_left(samples, moment, key=lambda sample: sample.at)
    if place in (0, len(samples)):
        return samples[min(place, len(samples) - 1)].counts
    before, after = samples[place - 1], samples[place]
    part = (moment - before.at) / (after.at - before.at)
    return {
        name: before.counts.get(name, 0.0) + part * (value - before.counts.get(name, 0.0))
        for name, value in after.counts.items()
    }


def _fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - a part of the lab
        return str(answer.read(), "utf-8")


def _machine() -> Iterator[tuple[str, float]]:
    times = psutil.cpu_times()
    total = float(sum(times)) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    yield _MACHINE, total
    yield _MACHINE_BUSY, total - times.idle - getattr(times, "iowait", 0.0)
