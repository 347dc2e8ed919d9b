"""The phones of a plan as an administrator starts them: so many at once, again and again."""

import functools
import math
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests.arrivals.waves import MassRenewal
from loadtests.streams import stream

Count = Annotated[int, Meta(ge=1)]


class Batches(msgspec.Struct, frozen=True):
    """`size` phones every `spacing_seconds`; those of a batch come back within `within_seconds`."""

    phones: Count
    size: Count
    spacing_seconds: Annotated[float, Meta(gt=0)]
    within_seconds: Annotated[float, Meta(ge=0)]

    @property
    def count(self) -> int:
        """How many batches; the last one may be smaller."""
        return math.ceil(self.phones / self.size)

    @property
    def last_seconds(self) -> float:
        """When the last batch begins, from the first."""
        return (self.count - 1) * self.spacing_seconds

    @property
    def rate_per_second(self) -> float:
        """Phones, over a long time."""
        return self.size / self.spacing_seconds

    def starts(self, seed: int) -> Iterator[float]:
        """When each phone starts, in seconds from the first batch; its chances come from `seed`."""
        source = functools.partial(stream, seed, "arrivals")
        shape = MassRenewal(self.size, self.spacing_seconds, self.within_seconds, source)
        return shape.offsets_seconds(self.phones)

    def first(self, count: int) -> "Batches":
        """The first `count` batches of it, or all."""
        return msgspec.structs.replace(self, phones=min(self.phones, count * self.size))
