"""Tuning from production's logs alone: measured times against candidate timers, without a simulation."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exporters.logs.errors import LogsError
from exporters.logs.reading import Manner
from exporters.logs.sources import LogFile, find_logs
from loadtests.errors import ModelError, ScenarioError
from loadtests.report.logged_tuning import write_logged_report
from loadtests.storm.run_folder import create_run_folder, shown
from loadtests.survival import document
from loadtests.survival.advice import TARGET, judge, recommended
from loadtests.survival.document import Cut, LoggedTune, TimerEvidence
from loadtests.survival.evidence import evidence
from loadtests.survival.logs import Heard, hear
from loadtests.tuning.document import NAME
from loadtests.tuning.snippets import write_snippets
from loadtests.tuning.tunables import Tunables

_RA_TIMERS = ("login", "form", "submit", "download")
_SHOWN_SECONDS = (5.0, 10.0, 12.0, 15.0, 20.0, 30.0)


def tune_from_logs(places: Sequence[Path], manner: Manner, target: float = TARGET) -> LoggedTune:
    """What the logs in these places say of timers.

    ScenarioError for a place or file that cannot be read, ModelError when no log tells of times.
    """
    try:
        files, _ = find_logs(places)
        heard = hear(files, manner)
    except LogsError as error:
        raise ScenarioError(str(error)) from error
    found = evidence(heard, manner.capf_timer_seconds, manner.ra_timer_seconds)
    if not found:
        raise ModelError(
            f"no log in {', '.join(map(str, places))} tells how long an enrollment or a call took: it needs "
            "CAPF's trace, the RA's NGINX log, or the CA's IIS log with its field time-taken"
        )
    judged = [judge(each, target) for each in found]
    timers = {each.evidence.name: each.evidence.timer_seconds for each in judged}
    default = msgspec.convert({"read": manner.capf_timer_seconds} | timers, Tunables)
    best = recommended(judged, default)
    notes = list(_notes(files, heard, [each.name for each in found]))
    return document.document(
        sorted({file.path.name for file in files}), target, judged, (default, best), notes
    )


def tune_by_logs(
    places: Sequence[Path], manner: Manner, out: Path | None, tell: Callable[[str], None]
) -> None:
    """Write `tune.json`, `ra.toml` and `phones.toml` to a run folder, and tell what is in them."""
    tune = tune_from_logs(places, manner)
    folder = create_run_folder("tune", datetime.now(UTC), out)
    write(tune, folder.path)
    for line in describe(tune):
        tell(line)
    tell(f"{shown(folder.path / NAME)}, beside it ra.toml and phones.toml")
    tell(f"report: {shown(write_logged_report(folder.path))}")


def write(tune: LoggedTune, folder: Path) -> None:
    """`tune.json`, `ra.toml` and `phones.toml` in the folder."""
    document.write(tune, folder)
    write_snippets(tune.recommended.tunables, folder, {"read", *tune.timers})


def describe(tune: LoggedTune) -> Iterator[str]:
    """The result as lines of text."""
    header = "".join(f"{f'{seconds:g} s':>21}" for seconds in _SHOWN_SECONDS)
    yield f"share of the answers that a timer would cut, with 95 % intervals\n{'':<10}{header}"
    for name, timer in tune.timers.items():
        by_seconds = {each.seconds: each for each in timer.candidates}
        yield f"{name:<10}" + "".join(f"{_short(by_seconds[each]):>21}" for each in _SHOWN_SECONDS)
    for name, timer in tune.timers.items():
        yield f"{name}: {timer.seen} seen, {timer.cut} cut, from {timer.source}; {_beyond(timer)}"
        yield from (f"  {note}" for note in timer.notes)
    for advice in tune.advice:
        change = f"{advice.default:g} s -> {advice.recommended:g} s"
        yield f"{advice.key}: {change}{'' if advice.sure else ' (not shown for sure)'}: {advice.reason}"
    yield from tune.notes


def _notes(files: Sequence[LogFile], heard: Heard, told: Sequence[str]) -> Iterator[str]:
    yield (
        "what takes longer than a timer counts as cut although its answer was on its way; a call that would "
        "never have been answered cannot be told from one that is very slow, so shares are rather too high"
    )
    yield "what lies beyond the cut is taken to go on as it did before it; nothing shows a CA that is worse"
    for name in ("read", *_RA_TIMERS):
        if name not in told:
            yield f"{name}: no log tells how long it took, so its timer stays as it is"
    if not any(file.log == "iis" for file in files):
        yield "without the CA's IIS log nothing longer than the RA's timers was seen"
    if heard.unreadable:
        yield f"{heard.unreadable} lines could not be read"


def _beyond(timer: TimerEvidence) -> str:
    if timer.horizon_seconds is None:
        return "all seen to their end"
    if timer.tail is None:
        return f"beyond {timer.horizon_seconds:.4g} s no tail fits"
    return (
        f"beyond {timer.horizon_seconds:.4g} s as {timer.tail.family}, fitted to what lasted over "
        f"{timer.tail.threshold_seconds:.2g} s (p {timer.tail.plausibility:.2f})"
    )


def _short(cut: Cut) -> str:
    if cut.estimate is None:
        return f"? (<{_digits(cut.high)}%)"
    return f"{_digits(cut.estimate)}% ({_digits(cut.low)}-{_digits(cut.high)})"


def _digits(share: float) -> str:
    value = 100 * share
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2g}"
