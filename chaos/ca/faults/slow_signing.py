"""A CA whose HSM is slow: one signature at a time, each as long as this."""

import contextlib
from collections.abc import Iterator
from typing import ClassVar

from chaos.fault import Fault
from chaos.system import System
from testbed.ca.capacity_settings import Duration


class SlowSigning(Fault, frozen=True, kw_only=True):
    """Every signature takes `seconds`, and they wait for each other."""

    name: ClassVar[str] = "ca.slow_signing"
    summary: ClassVar[str] = "the CA's signatures take long, one after the other, as with a slow HSM"

    seconds: Duration = 0.2

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """By the CA's settings."""
        signing = {"kind": "constant", "seconds": self.seconds}
        change = system.control.reload("ca", {"ca.capacity.signing": signing})
        try:
            yield
        finally:
            system.control.restore("ca", change)
