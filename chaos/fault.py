"""A fault: what goes wrong, for as long as its context lasts, and by which lines one knows it.

A fault is one class in one module of `chaos/<hop or part>/faults/`, a table of settings whose fields are its
parameters; the registry finds it there. Striking it twice at once, whichever ends first, must be as good as
once.
"""

from contextlib import AbstractContextManager
from typing import ClassVar, Literal

import msgspec

from chaos.system import System
from testbed.bounds import Settings

Log = Literal["capf", "ciscora", "nginx_error", "iis"]


class Evidence(msgspec.Struct, frozen=True):
    """A line that the fault leaves in a log of the chain: `pattern` is a regular expression of `re`."""

    log: Log
    pattern: str


class Fault(Settings, frozen=True):
    """One fault with its parameters."""

    name: ClassVar[str]
    """How it is called: `<where>.<what>`, such as `clock.skew`."""
    summary: ClassVar[str]
    """What goes wrong, in one line."""

    def strike(self, system: System) -> AbstractContextManager[None]:
        """The fault, present in `system` from entering to leaving the context.

        Entering raises FaultNotInjected when it does not take hold. Leaving undoes it, whatever happened
        meanwhile, a part's death included.
        """
        raise NotImplementedError

    def evidence(self) -> tuple[Evidence, ...]:
        """What one enrollment that meets the fault leaves in the logs, with these parameters."""
        return ()
