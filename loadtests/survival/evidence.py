"""What logs say of each timer: a sample, where it is from, and what had to be left out or taken for cut."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from exporters.logs.est_errors import GOOD
from loadtests.survival.logs import Heard, Timed
from loadtests.survival.sample import Array, Sample, alikeness

STAGES = ("login", "form", "submit", "download")
_TIMED_OUT = "curl_28"
_READ_TIMEOUT, _NOT_TAKEN = "EST_ERR_SSL_READ", "EST_ERR_SSL_CONNECT"
_EARLY_SECONDS, _LATE_SECONDS = 0.05, 0.5
_LONG_SHARE = 0.8
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one timer: `name` as tuning calls it, its value `timer_seconds` in production, the sample.

    `alike` is how many calls that stand together count as one; `notes` say what was done with what.
    """

    name: str
    timer_seconds: float
    source: str
    sample: Sample
    alike: float
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Gathered:
    seen: list[Timed]
    cut: list[Timed]
    source: str
    notes: list[str]


def evidence(heard: Heard, read_timer_seconds: float, ra_timer_seconds: float) -> list[Evidence]:
    """Of every timer that the logs tell anything of, the phone's read timer first.

    The RA's timers are read off the calls that it cut; `ra_timer_seconds` is for stages without any.
    """
    found = []
    if any(each.said == GOOD for each in heard.enrollments):
        gathered = _enrollments(heard.enrollments, read_timer_seconds, ra_timer_seconds)
        found.append(_evidence("read", read_timer_seconds, gathered))
    for stage in STAGES:
        calls, requests = heard.calls.get(stage, []), heard.requests.get(stage, [])
        timer = _timer(calls, ra_timer_seconds)
        if any(_counts(each) for each in requests):
            found.append(_evidence(stage, timer, _at_the_ca(requests, calls, timer)))
        elif any(not each.said for each in calls):
            found.append(_evidence(stage, timer, _at_the_ra(calls)))
    return found


def _enrollments(every: Sequence[Timed], read_timer: float, ra_timer: float) -> _Gathered:
    """A phone that gave up, or was told of a timer of the RA's, might have had its answer later."""
    timer = min(read_timer, ra_timer) - _EARLY_SECONDS
    seen = [each for each in every if each.said == GOOD]
    kept_out = sum(each.said == _NOT_TAKEN for each in every)
    cut = [each for each in every if each.said not in (GOOD, _NOT_TAKEN) and each.seconds >= timer]
    hung_up = sum(each.said == _READ_TIMEOUT for each in cut)
    notes = [f"{hung_up} enrollments were cut by CAPF's read timer, {len(cut) - hung_up} by the RA's timers"]
    if kept_out:
        notes.append(
            f"{kept_out} did not get past the handshake, which waits for a worker of the RA, and are left "
            "out: if they are many, the RA lacks workers, and longer timers hold each for longer"
        )
    other = len(every) - len(seen) - len(cut) - kept_out
    if other:
        notes.append(f"{other} failed sooner, for other reasons, and are left out")
    return _Gathered(seen, cut, "CAPF's trace", notes)


def _at_the_ca(requests: Sequence[Timed], calls: Sequence[Timed], timer: float) -> _Gathered:
    """The CA's own times go on beyond the RA's timer, if it worked on for a client that had gone."""
    rows = [each for each in requests if _counts(each)]
    gives_up = _gives_up(rows, timer)
    cut = [each for each in rows if each.said >= "500" or (gives_up and _is_at(each, timer))]
    ended = {id(each) for each in cut}
    seen = [each for each in rows if id(each) not in ended]
    timeouts = sum(each.said == _TIMED_OUT for each in calls)
    beyond = _number(each for each in seen if each.seconds > timer)
    notes = []
    if beyond:
        notes.append(
            f"the CA's log has {beyond} calls that took longer than the RA's {timer:g} s to their end: it "
            "worked on after the RA had gone, so these times are known"
        )
    if cut:
        notes.append(f"{_number(cut)} calls ended at the CA because the RA had gone, or failed: cut there")
    lost = timeouts - beyond - _number(cut)
    if lost > 0:
        notes.append(f"of {lost} calls that the RA cut at {timer:g} s the CA's log has no row: cut there")
        last = max(each.at for each in rows)
        cut.append(Timed(last, timer, _TIMED_OUT, number=lost))
    return _Gathered(seen, cut, "the CA's IIS log", notes)


def _at_the_ra(calls: Sequence[Timed]) -> _Gathered:
    """Whole seconds: each may be up to one off, so equal ones are spread over two."""
    cut = [each for each in calls if each.said == _TIMED_OUT]
    well = sorted((each for each in calls if not each.said), key=lambda each: (each.seconds, each.at))
    notes = ["the RA's log has whole seconds: shares of less than a second's difference are not told"]
    other = len(calls) - len(cut) - len(well)
    if other:
        notes.append(f"{other} calls failed otherwise and are left out")
    return _Gathered(_spread(well), cut, "the RA's log", notes)


def _spread(well: Sequence[Timed]) -> list[Timed]:
    """Between the cut begin and the cut end lie up to a second less and up to a second more."""
    numbers, counts = np.unique([each.seconds for each in well], return_counts=True)
    spread: list[float] = []
    for seconds, count in zip(numbers, counts, strict=True):
        # In an order of its own, or one that rises with time would look like a spell.
        place = np.argsort(np.arange(count) * _GOLDEN % 1) / count + 0.5 / count
        if seconds < 0.5:
            spread.extend(1 - np.sqrt(1 - place))
        else:
            off = np.where(place < 0.5, np.sqrt(2 * place) - 1, 1 - np.sqrt(2 - 2 * place))
            spread.extend(seconds + off)
    return [Timed(each.at, float(seconds), "") for each, seconds in zip(well, spread, strict=True)]


def _evidence(name: str, timer: float, gathered: _Gathered) -> Evidence:
    seen, seen_at = _expanded(gathered.seen)
    cut, cut_at = _expanded(gathered.cut)
    every = np.concatenate([seen, cut])
    long = every > np.quantile(every, _LONG_SHARE)
    long[len(seen) :] = True
    alike = alikeness(long, np.concatenate([seen_at, cut_at]))
    notes = list(gathered.notes)
    if alike > 1:
        notes.append(
            f"slow ones come in spells: {alike:.1f} times the variance of chance, so intervals are as wide "
            f"as of {len(every) / alike:.0f} independent ones"
        )
    sample = Sample.of(seen, cut, 1 / alike)
    return Evidence(name, timer, gathered.source, sample, alike, tuple(notes))


def _expanded(every: Sequence[Timed]) -> tuple[Array, Array]:
    """Seconds and moments, each as often as it was seen."""
    numbers = [each.number for each in every]
    seconds = np.array([each.seconds for each in every], dtype=np.float64)
    at = np.array([each.at for each in every], dtype=np.float64)
    return np.repeat(seconds, numbers), np.repeat(at, numbers)


def _counts(request: Timed) -> bool:
    """The first leg of NTLM ends with 401 and has done nothing; 4xx and 503 are refusals, not work."""
    return request.gone or not (request.said.startswith("4") or request.said == "503")


def _gives_up(rows: Sequence[Timed], timer: float) -> bool:
    """Whether the CA ends a page when its client goes: then most that lost their client end at the timer."""
    left = [each for each in rows if each.gone and each.seconds >= timer - _EARLY_SECONDS]
    return 2 * _number(each for each in left if _is_at(each, timer)) > _number(left)


def _is_at(request: Timed, timer: float) -> bool:
    return request.gone and timer - _EARLY_SECONDS <= request.seconds <= timer + _LATE_SECONDS


def _timer(calls: Iterable[Timed], otherwise: float) -> float:
    cut = [each.seconds for each in calls if each.said == _TIMED_OUT]
    # curl tells milliseconds; the timer itself was set to tenths at most.
    return round(statistics.median(cut), 1) if cut else otherwise


def _number(every: Iterable[Timed]) -> int:
    return sum(each.number for each in every)
