"""Answers under another content type."""

from typing import ClassVar

from chaos.ca.mode import PagedMode
from testbed.ca.faults import Kind


class WrongType(PagedMode, frozen=True, kw_only=True):
    """The right body as `application/octet-stream`. CES does not look at it, so it leaves no line."""

    name: ClassVar[str] = "ca.wrong_type"
    summary: ClassVar[str] = "the CA's answers have another content type"
    kind: ClassVar[Kind] = "wrong_type"
