"""A CA whose disk is full."""

from typing import ClassVar

import psutil

from chaos.evidence import failed_call
from chaos.fault import Evidence
from chaos.parts.limited import LimitedPart
from chaos.system import Part
from testbed.errors import CaRefused
from testbed.ra.certsrv.calls import Stage


class DiskFull(LimitedPart, frozen=True, kw_only=True):
    """The CA can write to no file, its database and its logs (RLIMIT_FSIZE 0).

    The kernel says EFBIG where a full disk says ENOSPC; that takes no privilege and no disk.
    """

    name: ClassVar[str] = "ca.disk_full"
    summary: ClassVar[str] = "the CA's disk is full: its database and logs cannot be written"
    part: ClassVar[Part] = "ca"
    resource: ClassVar[int] = psutil.RLIMIT_FSIZE

    def soft_limit(self, pid: int) -> int:  # noqa: ARG002 - the same for all
        """Nothing."""
        return 0

    def evidence(self) -> tuple[Evidence, ...]:
        """The RA finds no request id on the page that says so."""
        problem = CaRefused("no_request_id", "no ReqID on the page that answered the request")
        return failed_call(Stage.SUBMIT, problem)
