"""Somebody else's certificate."""

from typing import ClassVar

from chaos.ca.mode import CaMode
from chaos.evidence import failed_call
from chaos.fault import Evidence
from testbed.ca.faults import Kind
from testbed.errors import CaRefused
from testbed.ra.certsrv.calls import Stage


class WrongKey(CaMode, frozen=True, kw_only=True):
    """Downloads give a certificate for another key."""

    name: ClassVar[str] = "ca.wrong_key"
    summary: ClassVar[str] = "the CA hands out certificates for another key"
    kind: ClassVar[Kind] = "wrong_key"
    felt_first: ClassVar[Stage] = Stage.DOWNLOAD

    def evidence(self) -> tuple[Evidence, ...]:
        """The RA's own words."""
        return failed_call(
            self.felt_at, CaRefused("wrong_key", "the certificate is for another key than the request's")
        )
