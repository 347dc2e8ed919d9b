"""A plan's pieces as people say them."""

from loadtests.planning.batches import Batches
from loadtests.planning.expectation import Interval
from loadtests.report.wording import count, several, span


def phones(number: float) -> str:
    """`18,000 phones`, `1 phone`."""
    return several(number, "phone", "phones")


def batched(batches: Batches) -> str:
    """`858 batches of 21 phones, one every 15 s`; of one batch alone there is no spacing."""
    if batches.count == 1:
        return f"one batch of {phones(batches.size)}"
    often = span(batches.spacing_seconds)
    return f"{count(batches.count)} batches of {phones(batches.size)}, one every {often}"


def between(found: Interval) -> str:
    """`3 h 34 min (3 h 33 min to 3 h 36 min)`, or the one where all are alike."""
    low, high = span(found.low), span(found.high)
    return span(found.expected) + (f" ({low} to {high})" if low != high else "")
