"""Wrong clocks as faults: whose clock, what it shows, and whom that makes refuse what."""

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated

import msgspec
import psutil

from chaos.clock.faketime import is_preloaded, library
from chaos.errors import ControlRefused, FaultNotInjected
from chaos.evidence import capf_failed, failed_call
from chaos.fault import Evidence, Fault
from chaos.hold import held
from chaos.system import Clocked, Reading, System
from testbed.ca.settings import CaSettings
from testbed.errors import CurlError
from testbed.est_errors import EstError
from testbed.pki import CLOCK_SLACK, SERVER_LIFE
from testbed.ra.certsrv.calls import Stage

_CENTURY_SECONDS = 100 * 365 * 86_400
OffsetSeconds = Annotated[float, msgspec.Meta(ge=-_CENTURY_SECONDS, le=_CENTURY_SECONDS)]
_LSC_LIFE = dt.timedelta(days=CaSettings().validity_days)


class ClockFault(Fault, frozen=True, kw_only=True):
    """A clock that does not show the time. `part` is whose: `generator` is the phones'."""

    part: Clocked = "ra"

    def reading(self) -> Reading:
        """What the clock shows."""
        raise NotImplementedError

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """The part's processes, those too that it starts meanwhile, look at the wrong clock from now on."""
        library()
        note = system.pki / f".clock.{self.part}.reading"
        take, give_back = partial(self._shift, system), partial(_set_right, system, self.part)
        with held(system, f"clock.{self.part}", take, give_back):
            if msgspec.json.decode(note.read_bytes(), type=Reading) != self.reading():
                raise FaultNotInjected(f"{self.name}: another fault has shifted the clock of the {self.part}")
            yield

    def _shift(self, system: System) -> bytes:
        reading = self.reading()
        try:
            system.control.set_clock(self.part, reading)
            self._must_be_looked_at(system)
        except (ControlRefused, FaultNotInjected) as error:
            raise FaultNotInjected(f"{self.name}: {error}") from error
        encoded = msgspec.json.encode(reading)
        (system.pki / f".clock.{self.part}.reading").write_bytes(encoded)
        return encoded

    def _must_be_looked_at(self, system: System) -> None:
        if self.part == "generator":
            return
        state = system.control.part(self.part)
        for pid in filter(None, (state.pid, *state.children)):
            if not is_preloaded(pid) and psutil.pid_exists(pid):
                raise FaultNotInjected(f"process {pid} of the {self.part} does not have libfaketime loaded")


def wrong_by(part: Clocked, offset_seconds: float) -> tuple[Evidence, ...]:
    """What an enrollment leaves when the part's clock is so far off; the lab's certificates begin 10 min ago.

    The CA's clock is found out by the phones alone: the RA hands on whatever the CA has signed.
    """
    offset = dt.timedelta(seconds=offset_seconds)
    behind = offset < -CLOCK_SLACK
    if part == "ca":
        return (_unusable(EstError.VALIDATION),) if offset > CLOCK_SLACK or offset < -_LSC_LIFE else ()
    if not behind and offset < SERVER_LIFE:
        return ()
    if part == "generator":
        return (capf_failed(EstError.SSL_CONNECT),)
    problem = "certificate is not yet valid" if behind else "certificate has expired"
    return failed_call(Stage.LOGIN, CurlError(60, f"SSL certificate problem: {problem}"))


def _unusable(error: EstError) -> Evidence:
    """CAPF's line for an LSC that it got and does not take."""
    return Evidence("capf", rf"{re.escape('Return value from enrollCertUsingEST() : ')}{error.value}\b")


def _set_right(system: System, part: Clocked, _: bytes) -> None:
    system.control.set_clock(part, Reading())
