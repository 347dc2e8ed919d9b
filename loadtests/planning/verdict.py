"""A plan's answer in words, for people who have to act on it."""

from collections.abc import Iterator, Sequence

from loadtests.planning.candidates import Asked, Candidate
from loadtests.planning.document import Check, Suggestion
from loadtests.planning.expectation import Expectation
from loadtests.planning.settling import Settled
from loadtests.planning.wording import batched, between, phones
from loadtests.report.wording import count, rate, several, share, span

_HELPS = 1.05
_AMPLE = 2.0
_SPARES = 0.5
_MOST_WAYS = 3


def verdict(
    asked: Asked, settled: Settled, suggestions: Sequence[Suggestion], rules: str, check: Check | None
) -> Iterator[str]:
    """The answer, then what to expect, what breaks, and the ways out; the best `suggestions` come first."""
    yield _answer(asked, settled, check)
    if not in_time(asked, settled):
        yield _held_by_window(asked, settled.bears)
    yield _on_the_way(settled.expected)
    yield _room(asked, settled)
    if check:
        yield _beside_measured(check)
    if not settled.keeps:
        broken = share(settled.expected.broken_share)
        yield f"{broken} of the simulations break {rules}, with smaller batches too"
    yield from _ways(suggestions, settled, fits=fits(asked, settled, check))


def hopeless(asked: Asked, rules: str, found: Sequence[Candidate]) -> Iterator[str]:
    """When no batch holds, however small."""
    tried = ", ".join(span(each.spacing_seconds) for each in found)
    yield f"no batch of phones keeps {rules}, not even one phone every {tried}"
    limits = sorted({each.limit for each in found if each.limit})
    yield f"what one phone at a time meets: {', '.join(limits)}"
    yield f"{phones(asked.phones)} cannot be planned by these rules; name others with --slo"


def fits(asked: Asked, settled: Settled, check: Check | None) -> bool:
    """Whether the plan keeps all in its window, and nothing that was measured speaks against it."""
    return settled.keeps and in_time(asked, settled) and not _is_above(check)


def in_time(asked: Asked, settled: Settled) -> bool:
    """Whether the plan ends in its window, at the far end of what is expected."""
    return settled.expected.duration_seconds.high <= asked.window_seconds


def _answer(asked: Asked, settled: Settled, check: Check | None) -> str:
    whole, window = phones(asked.phones), span(asked.window_seconds)
    how, done = batched(settled.batches), between(settled.expected.duration_seconds)
    if not in_time(asked, settled):
        return f"{whole} do not fit into {window}: {how}, done after {done}"
    if not settled.keeps:
        return f"{whole} do not fit into {window} by the rules: {how}, done after {done}"
    if _is_above(check):
        return f"{whole} fit into {window} by simulation, but not by what was measured: {how}"
    return f"{whole} fit into {window}: {how}, done after {done}"


def _held_by_window(asked: Asked, bears: Candidate) -> str:
    most = bears.most_phones(asked.window_seconds)
    window, sustained = span(asked.window_seconds), rate(bears.rate_per_second)
    if not most:
        return f"in {window} not even one batch ends, and the chain sustains {sustained}"
    return f"the window holds {phones(most)} at the {sustained} that the chain sustains"


def _on_the_way(expected: Expectation) -> str:
    parts = [
        (expected.timeouts, "timeout", "timeouts"), (expected.retries.expected, "retry", "retries"),
        (expected.orphans.expected, "orphan", "orphans"),
        (expected.failed.expected, "phone without a certificate", "phones without a certificate"),
    ]  # fmt: skip
    told = ", ".join(several(*part) for part in parts if part[0])
    return f"expected on the way: {told}" if told else "no timeouts, retries or orphans expected on the way"


def _room(asked: Asked, settled: Settled) -> str:
    bears, size = settled.bears, settled.batches.size
    largest, limit = bears.largest_batch, f"; larger ones: {bears.limit}" if bears.limit else ""
    if largest >= asked.phones:
        return "all phones at once would hold, too"
    if largest / size < _HELPS:
        return f"no larger batches hold: there is no room for more phones{limit}"
    return f"batches of {count(largest)} would still hold, {largest / size:.2g} times as many{limit}"


def _beside_measured(check: Check) -> str:
    measured, own = check.measured, rate(check.rate_per_second)
    found = (
        f"the {rate(measured.rate_per_second)} ({rate(measured.low_per_second)} to "
        f"{rate(measured.high_per_second)}) that the search measured"
    )
    found += "" if measured.confirmed else ", which is not confirmed"
    match check.standing:
        case "above":
            return f"the plan's {own} are more than {found}: do not rely on it"
        case "within":
            return f"the plan's {own} lie within {found}: too close to be sure"
        case "below":
            return f"the plan's {own} lie below {found}"
        case "other rules":
            return f"the plan's {own} cannot be held against {found}: that keeps other rules"


def _is_above(check: Check | None) -> bool:
    return check is not None and check.standing == "above"


def _ways(suggestions: Sequence[Suggestion], settled: Settled, *, fits: bool) -> Iterator[str]:
    helpful = [each for each in suggestions if each.gain.expected >= _HELPS]
    if not fits and (ways := [each for each in helpful if each.fits][:_MOST_WAYS]):
        yield "what makes them fit: " + "; or ".join(map(_way, ways))
    elif helpful:
        room = settled.bears.largest_batch / settled.batches.size
        is_easy = fits and room >= _AMPLE and settled.expected.trouble < 1
        first = "nothing has to change; most would be gained by" if is_easy else "what to change first:"
        yield f"{first} {_way(helpful[0])}"
    else:
        yield "no single change lets more phones through"
    before = settled.expected.trouble
    calm = min(suggestions, key=lambda each: each.expected.trouble, default=None)
    if calm and before >= 1 and calm.expected.trouble <= _SPARES * before:
        after = count(calm.expected.trouble)
        yield (
            f"what spares these batches most trouble: {calm.change} ({after} timeouts, orphans and failures "
            f"instead of {count(before)})"
        )


def _way(suggestion: Suggestion) -> str:
    needed = "" if suggestion.needed_seconds is None else f", all done in {span(suggestion.needed_seconds)}"
    gain = f"{suggestion.gain.expected:.3g} times as many phones"
    return f"{suggestion.change} ({gain}, {rate(suggestion.rate_per_second.expected)}{needed})"
