"""A typed client of the CA's management port.

with CaManagement(url) as ca:
    with ca.fault(Fault(kind="hang", stage="submit")):
        ...                              # answers again afterwards, whatever happened
"""

import contextlib
from collections.abc import Iterator

from chaos.errors import CaApiRefused, CaApiUnreachable
from chaos.http_api import ApiWords, HttpApi
from testbed.ca.faults import ActiveFault, Fault, FaultPlan
from testbed.ca.management import Board

_WORDS = ApiWords("CA", "the CA", "its management URL", CaApiRefused, CaApiUnreachable)


class CaManagement(HttpApi):
    """The port at `url`, `http://host:port`. Use as a context manager, or `close` it.

    Every call raises CaApiRefused, with the port's status and words, or CaApiUnreachable.
    """

    def __init__(self, url: str, timeout_seconds: float = 10.0) -> None:
        super().__init__(url, _WORDS, timeout_seconds)

    def faults(self) -> Board:
        """The seed and every active fault."""
        return self._asked("GET", "/faults", Board)

    def replace_faults(self, plan: FaultPlan) -> Board:
        """Make `plan` all there is; the dice start anew."""
        return self._asked("PUT", "/faults", Board, plan)

    def add_fault(self, fault: Fault) -> ActiveFault:
        """Activate one more fault."""
        return self._asked("POST", "/faults", ActiveFault, fault)

    def end_fault(self, fault_id: int) -> None:
        """End a fault, whether or not it has ended already; who hangs in it is let go."""
        self._end(f"/faults/{fault_id}")

    def end_faults(self) -> None:
        """End every fault."""
        self._call("DELETE", "/faults")

    @contextlib.contextmanager
    def fault(self, fault: Fault) -> Iterator[ActiveFault]:
        """A fault for the length of the block."""
        active = self.add_fault(fault)
        try:
            yield active
        finally:
            self.end_fault(active.id)
