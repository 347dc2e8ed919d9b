"""The CA's chaos mode as faults: what all its kinds have in common.

A CA that is started anew has lost them: the board is in its memory.
"""

import contextlib
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from chaos.ca.client import CaManagement
from chaos.errors import CaApiUnreachable, ChaosError, FaultNotInjected
from chaos.evidence import failed_call, iis_row, late_answer, refused, status_refusal
from chaos.fault import Evidence, Fault
from chaos.process import is_paused
from chaos.system import System
from testbed.ca import faults
from testbed.ca.capacity_settings import Duration
from testbed.ca.faults import Kind
from testbed.errors import CaRefused
from testbed.ra.certsrv.calls import Stage

_PATIENCE_SECONDS = 5.0
Page = Literal["login", "form", "submit", "download", "any"]


class CaMode(Fault, frozen=True, kw_only=True):
    """One kind of the chaos mode, `kind` there. `count` ends it after so many strikes (0: never).

    `felt_first` is the call of an enrollment at which a kind is felt first that strikes everywhere, and where
    a kind strikes that is for one stage alone.
    """

    kind: ClassVar[Kind]
    felt_first: ClassVar[Stage] = Stage.LOGIN

    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    count: Annotated[int, msgspec.Meta(ge=0)] = 0

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Active at the management port."""
        url, starts = system.ca_management, system.control.part("ca").starts
        try:
            with CaManagement(url, _PATIENCE_SECONDS) as ca:
                active = ca.add_fault(self.order())
        except ChaosError as error:
            raise FaultNotInjected(f"{self.name}: {error}") from error
        try:
            yield
        finally:
            _end(system, active.id, starts)

    def order(self) -> faults.Fault:
        """As the management port takes it; a kind without `stage` strikes where it is felt."""
        known = {field.name for field in msgspec.structs.fields(faults.Fault)}
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if name in known}
        return faults.Fault(kind=self.kind, **{"stage": self.felt_first.value, **given})

    @property
    def felt_at(self) -> Stage:
        """The call of an enrollment at which it is felt."""
        return self.felt_first


class PagedMode(CaMode, frozen=True, kw_only=True):
    """A kind that strikes the pages of one stage, or of all."""

    stage: Page = "any"

    @property
    def felt_at(self) -> Stage:
        """The stage, or the first at which it is felt."""
        return self.felt_first if self.stage == "any" else Stage(self.stage)


class SlowMode(PagedMode, frozen=True, kw_only=True):
    """A kind that makes answers late."""

    seconds: Duration = 12.0

    def evidence(self) -> tuple[Evidence, ...]:
        """The time in IIS's row; from the RA's 10 s on, its time-out, and its absence in IIS's row."""
        return late_answer(self.felt_at, self.seconds)


class StatusMode(PagedMode, frozen=True, kw_only=True):
    """A kind that is an HTTP status."""

    status: ClassVar[int]
    sub_status: ClassVar[int] = 0
    win32: ClassVar[int] = 0

    def evidence(self) -> tuple[Evidence, ...]:
        """The status in the RA's log and in IIS's."""
        row = iis_row(self.felt_at, self.status, sub_status=self.sub_status, win32=self.win32)
        return (*failed_call(self.felt_at, status_refusal(self.felt_at, self.status)), row)


def without_page(stage: Stage, download_problem: str) -> tuple[Evidence, ...]:
    """What an answer of status 200 leaves that is not the page of its stage."""
    match stage:
        case Stage.FORM:
            return refused(stage, CaRefused("template_missing", ""))
        case Stage.SUBMIT:
            return failed_call(
                stage, CaRefused("no_request_id", "no ReqID on the page that answered the request")
            )
        case Stage.DOWNLOAD:
            return failed_call(stage, CaRefused("no_certificate", download_problem))
    return ()


def _end(system: System, fault_id: int, starts: int) -> None:
    """End the fault, unless the CA that had it is gone."""
    if system.control.part("ca").starts != starts:
        return
    try:
        with CaManagement(system.ca_management, _PATIENCE_SECONDS) as ca:
            ca.end_fault(fault_id)
    except CaApiUnreachable:
        part = system.control.part("ca")
        # A paused CA finds the request in its socket when it goes on.
        if part.pid and part.starts == starts and not is_paused(part.pid):
            raise
