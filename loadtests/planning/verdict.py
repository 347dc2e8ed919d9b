"""A plan's answer in words, for people who have to act on it."""

from collections.abc import Iterator, Sequence

from loadtests.planning.candidates import Asked, Candidate
from loadtests.planning.document import Suggestion
from loadtests.planning.settling import Settled
from loadtests.report.wording import count, rate, share, span

_HELPS = 1.05
_MOST_WAYS = 3


def verdict(asked: Asked, settled: Settled, suggestions: Sequence[Suggestion], rules: str) -> Iterator[str]:
    """The answer, then what it needs, what breaks, and the ways out; the best `suggestions` come first."""
    bears, batches, expected = settled.bears, settled.batches, settled.expected
    duration = expected.duration_seconds
    whole = f"{count(asked.phones)} phones"
    if not in_time(asked, settled):
        yield (
            f"{whole} do not fit into {span(asked.window_seconds)} at a sustainable "
            f"{rate(bears.rate_per_second)}: {span(duration.expected)} needed"
        )
        yield f"{span(asked.window_seconds)} hold {count(bears.most_phones(asked.window_seconds))} phones"
    else:
        yield (
            f"{whole} fit into {span(asked.window_seconds)}: {count(batches.count)} batches of "
            f"{count(batches.size)}, one every {span(batches.spacing_seconds)}, done after "
            f"{span(duration.expected)}"
        )
        room = bears.largest_batch / batches.size
        yield (
            f"batches of {count(bears.largest_batch)} would still hold, {room:.2g} times as many"
            if room >= _HELPS
            else "no larger batches hold: there is no room for more phones"
        )
    if not settled.keeps:
        yield f"{share(expected.broken_share)} of the simulations break {rules}, with smaller batches too"
    yield from _ways(suggestions, fits=in_time(asked, settled))


def hopeless(asked: Asked, rules: str, found: Sequence[Candidate]) -> Iterator[str]:
    """When no batch holds, however small."""
    tried = ", ".join(span(each.spacing_seconds) for each in found)
    yield f"no batch of phones keeps {rules}, not even one phone every {tried}"
    yield f"{count(asked.phones)} phones cannot be planned by these rules; name others with --slo"


def in_time(asked: Asked, settled: Settled) -> bool:
    """Whether the plan ends in its window, at the far end of what is expected."""
    return settled.expected.duration_seconds.high <= asked.window_seconds


def _ways(suggestions: Sequence[Suggestion], *, fits: bool) -> Iterator[str]:
    helpful = [each for each in suggestions if each.gain.expected >= _HELPS]
    if not helpful:
        yield "no single change lets more phones through"
    elif not fits and (ways := [each for each in helpful if each.fits][:_MOST_WAYS]):
        yield "what makes them fit: " + "; or ".join(map(_way, ways))
    else:
        yield f"what to change first: {_way(helpful[0])}"


def _way(suggestion: Suggestion) -> str:
    needed = "" if suggestion.needed_seconds is None else f", {span(suggestion.needed_seconds)}"
    return f"{suggestion.change} ({rate(suggestion.rate_per_second.expected)}{needed})"
