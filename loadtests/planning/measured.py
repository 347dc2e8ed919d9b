"""The capacity that a search measured, held against a plan: what no simulation had a part in."""

from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

from loadtests.capacity import result
from loadtests.capacity.search_folder import SearchFolder

Standing = Literal["below", "within", "above", "other rules"]


class MeasuredCapacity(msgspec.Struct, frozen=True):
    """What the search in the same folder found; phones that come at random, not in batches."""

    rate_per_second: float
    low_per_second: Annotated[float, Meta(description="Of its 95 % interval")]
    high_per_second: Annotated[float, Meta(description="Of its 95 % interval")]
    rules: Annotated[list[str], Meta(description="That held up to this rate")]
    confirmed: bool

    @classmethod
    def of(cls, folder: SearchFolder) -> Self | None:
        """Of a search; None when it has no answer. JournalError when it is of another version."""
        if not folder.answer.is_file():
            return None
        found = result.read(folder.answer)
        if found.sustainable_rate_per_second is None or found.interval_95 is None:
            return None
        low, high = found.interval_95
        rules = list(found.searched.rules)
        return cls(found.sustainable_rate_per_second, low, high, rules, found.confirmed)

    def standing(self, rate_per_second: float, rules: list[str]) -> Standing:
        """Where the rate of a plan that keeps `rules` lies: below the interval, within it, above it."""
        if set(rules) != set(self.rules):
            return "other rules"
        if rate_per_second > self.high_per_second:
            return "above"
        return "within" if rate_per_second >= self.low_per_second else "below"
