"""What a toxic is: attributes as they stand on the wire, and what it does with the bytes of one connection.

A toxic decides, it does not act: it answers each chunk with steps (let this through, wait until, close), and
a `Stage` follows them on the real connection. So a toxic is a pure function of the chunk, its attributes and
the dice of the connection. What it can do beyond passing chunks on, it shows by having the method:

    Toxic           pass_on     steps for one chunk
    ActsWhileIdle   while_idle  steps to follow while no data comes, given up when some does
    ActsAtEnd       at_end      steps before the end of the stream is passed on
    ActsOnRemoval   on_removal  steps when it is taken off an open connection
    Buffers         buffer_chunks  how many chunks it may hold before the sender has to wait
"""

import random
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, NamedTuple, Protocol, runtime_checkable

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
MS_PER_SECOND = 1000.0
US_PER_SECOND = 1_000_000.0


class Chunk(NamedTuple):
    """Bytes of one read, at most 32 KiB, and when they arrived (or left the toxic before), monotonic."""

    data: bytes
    at_seconds: float


@dataclass(frozen=True, slots=True)
class Until:
    """Wait until this moment of the monotonic clock."""

    at_seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait this long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """End the stream here, after what was let through."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Drop the connection with a TCP reset on both sides."""


Step = Chunk | Until | Wait | Close | Reset
Steps = Iterable[Step]


@dataclass(frozen=True, slots=True)
class Visit:
    """One toxic on one direction of one connection: its dice, and numbers it keeps when it is updated."""

    dice: random.Random
    memory: defaultdict[str, float] = field(default_factory=lambda: defaultdict(int))


class Toxic(msgspec.Struct, frozen=True):
    """A fault of a TCP stream. A subclass's fields are its attributes, all of them with a default."""

    type: ClassVar[str]

    @abstractmethod
    def pass_on(self, chunk: Chunk, visit: Visit) -> Steps:
        """What becomes of one chunk."""


@runtime_checkable
class ActsWhileIdle(Protocol):
    """Does something while no data comes."""

    def while_idle(self, visit: Visit) -> Steps:
        """Steps from the moment all chunks are dealt with; the next chunk ends them."""
        ...


@runtime_checkable
class ActsAtEnd(Protocol):
    """Does something before the end of the stream is passed on."""

    def at_end(self, visit: Visit) -> Steps:
        """Steps after the last chunk."""
        ...


@runtime_checkable
class ActsOnRemoval(Protocol):
    """Leaves something to be done when it is taken off an open connection."""

    def on_removal(self, visit: Visit) -> Steps:
        """Steps in its last moment; waits are not kept."""
        ...


@runtime_checkable
class Buffers(Protocol):
    """Holds more than one chunk."""

    buffer_chunks: ClassVar[int]
