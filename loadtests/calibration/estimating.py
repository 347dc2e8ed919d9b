"""From what a CA's log says to service times, with what is known of them and what is not."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from loadtests.calibration.concurrency import up_to
from loadtests.calibration.document import Level, Load, StageTimes
from loadtests.calibration.histogram import Histogram
from loadtests.calibration.iis import CaLog, StageLog, by_hour
from loadtests.report import wording
from loadtests.simulation.settings import Stage
from testbed.ca.capacity_settings import CapacitySettings, SamplesTime

SAMPLES = 1000
_ENOUGH_REQUESTS = 200
_MS = 1000
# IIS cuts to milliseconds.
_CUT_MS = 0.5
_NEVER_KNOWN = (
    (
        "time-taken holds the wait for a page thread and, but for small answers, the network's time until "
        "the client has acknowledged the answer; both make the samples too long, least where few requests "
        "were under way"
    ),
    (
        "page threads, queue limits and the CA's signing device cannot be seen: a submission holds its "
        "signature; put what you know into [capacity]"
    ),
    "requests that were never answered have no row",
)
_TICK_MS, _MOST_FINE_SHARE = 15.625, 0.1


def stage_times(log: StageLog) -> StageTimes:
    """What is known of one stage."""
    total, (quiet, highest) = log.total, quiet_of(log)
    return StageTimes(
        requests=total.count, failed=log.failed, clients_gone=log.gone,
        mean_seconds=_seconds(total.mean_ms), p99_seconds=_seconds(total.quantile_ms(0.99)),
        quiet_requests=quiet.count, quiet_up_to=highest,
        quiet_mean_seconds=_seconds(quiet.mean_ms), quiet_p99_seconds=_seconds(quiet.quantile_ms(0.99)),
        levels=tuple(
            Level(
                up_to=up_to(level), requests=each.count, mean_seconds=_seconds(each.mean_ms),
                p99_seconds=_seconds(each.quantile_ms(0.99)),
            )
            for level, each in sorted(log.by_level.items())
        ),
    )  # fmt: skip


def quiet_of(log: StageLog) -> tuple[Histogram, float | None]:
    """The requests that had fewest others beside them, some hundred at least, and how many that was."""
    quiet, highest = Histogram(), None
    for level, histogram in sorted(log.by_level.items()):
        quiet.merge(histogram)
        highest = up_to(level)
        if quiet.count >= _ENOUGH_REQUESTS:
            break
    return quiet, highest


def capacity_of(log: CaLog, base: CapacitySettings) -> CapacitySettings:
    """`base` with the service times of the log's stages; those it has no times of are left out."""
    times: dict[str, SamplesTime | None] = {}
    for stage, rows in log.stages.items():
        quiet, _ = quiet_of(rows)
        times[stage] = SamplesTime(_samples_seconds(quiet)) if quiet.count else None
    return msgspec.structs.replace(base, **times)


def load_of(log: CaLog) -> Load | None:
    """When submissions came; None when there was none."""
    if not log.submissions:
        return None
    minutes = log.submissions
    hours: dict[int, int] = {}
    for minute, number in minutes.items():
        hours[minute // 60] = hours.get(minute // 60, 0) + number
    return Load(
        first=_utc(min(minutes)), last=_utc(max(minutes)), enrollments=sum(minutes.values()),
        busiest_minute_per_second=max(minutes.values()) / 60,
        busiest_hour_per_second=max(hours.values()) / 3600,
        per_hour_of_day=by_hour(minutes), highest_concurrency=round(log.concurrency.highest, 3),
    )  # fmt: skip


def known(log: CaLog, stages: Mapping[Stage, StageTimes]) -> tuple[str, ...]:
    """What can be relied on."""
    said = [
        f"{stage}: {times.quiet_requests} of {times.requests} requests, made beside "
        f"{_few(times.quiet_up_to)} others on average, took {_took(times.quiet_mean_seconds)}; all "
        f"took {_took(times.mean_seconds)}"
        for stage, times in stages.items()
        if times.requests
    ]
    submissions, logins = stages["submit"].requests, stages["login"].requests
    if submissions:
        said.append(
            f"{logins / submissions:.1f} logins for each submission: CES's two curl handles make 2, kept "
            "connections nearly none"
        )
    if log.untimed:
        said.append(f"rows without a time-taken, which count as load alone: {log.untimed}")
    return tuple(said)


def unknown(log: CaLog, stages: Mapping[Stage, StageTimes]) -> tuple[str, ...]:
    """What a log of IIS does not tell."""
    said = [*_NEVER_KNOWN]
    for stage, times in stages.items():
        if times.requests and times.quiet_requests < _ENOUGH_REQUESTS:
            said.append(f"{stage}: {times.quiet_requests} requests are few; its tail is guesswork")
        if times.requests and (times.quiet_up_to is None or times.quiet_up_to > 1):
            said.append(
                f"{stage}: no {_ENOUGH_REQUESTS} requests were made beside at most one other; the samples "
                "may hold queueing"
            )
    if _is_ticked(log):
        said.append("times stand in steps of 15.6 ms, the server's clock: shorter ones are not told apart")
    return tuple(said)


def _is_ticked(log: CaLog) -> bool:
    """Whether nearly all times are multiples of Windows' clock tick."""
    total = Histogram()
    for stage in log.stages.values():
        total.merge(stage.total)
    ticks = {int(number * _TICK_MS) + more for number in range(7) for more in (0, 1)}
    fine = {bucket: times for bucket, times in total.counts.items() if bucket <= 100}
    off = sum(times for bucket, times in fine.items() if bucket not in ticks)
    return sum(fine.values()) >= _ENOUGH_REQUESTS and off < _MOST_FINE_SHARE * sum(fine.values())


def _samples_seconds(histogram: Histogram) -> tuple[float, ...]:
    return tuple(min(3600.0, _seconds(each + _CUT_MS)) for each in histogram.samples_ms(SAMPLES))


def _seconds(milliseconds: float) -> float:
    return round(milliseconds / _MS, 6)


def _took(seconds: float) -> str:
    """IIS tells no more of what is shorter."""
    return wording.seconds(seconds) if seconds >= 1 / _MS else "less than 1 ms"


def _few(limit: float | None) -> str:
    return "any number" if limit is None else f"at most {limit:g}"


def _utc(minute: int) -> str:
    return dt.datetime.fromtimestamp(minute * 60, dt.UTC).strftime("%Y-%m-%dT%H:%MZ")
