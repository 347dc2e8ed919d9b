"""Questions and replies as plain values: what faults look at and change, with nothing of the wire."""

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Literal

Labels = tuple[bytes, ...]
Transport = Literal["udp", "tcp"]


class Rcode(IntEnum):
    """How a query went (RFC 1035 section 4.1.1)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


class RecordType(IntEnum):
    """The types that can be answered (RFC 1035, RFC 3596, RFC 8659)."""

    A = 1
    CNAME = 5
    TXT = 16
    AAAA = 28
    CAA = 257


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `labels` are the name's, as they came; `name` is for reading, with its last dot."""

    labels: Labels
    name: str
    type: int
    class_: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an answer. `values` is the address, the target, the strings, or CAA's tag and value."""

    labels: Labels
    type: RecordType
    values: tuple[str, ...]
    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What is to be sent, and how: dropped, late by `delay_seconds`, or with `id_offset` added to its id."""

    rcode: Rcode = Rcode.NOERROR
    answers: tuple[Record, ...] = field(default=())
    truncated: bool = False
    dropped: bool = False
    id_offset: int = 0
    delay_seconds: float = 0.0

    def refused_as(self, rcode: Rcode) -> "Reply":
        """The same without its answers, for a reason."""
        return replace(self, rcode=rcode, answers=())
