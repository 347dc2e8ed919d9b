"""A service account that may not log in."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from chaos.evidence import failed_call, iis_row, status_refusal
from chaos.fault import Evidence
from chaos.parts.changed import ChangedPart
from chaos.system import Part
from testbed.ca import hresult
from testbed.ra.certsrv.calls import Stage


class AccountLocked(ChangedPart, frozen=True, kw_only=True):
    """The RA's account is locked, or its password has expired or must be changed."""

    name: ClassVar[str] = "ca.account_locked"
    summary: ClassVar[str] = "the RA's account is locked"
    part: ClassVar[Part] = "ca"

    state: Literal["locked", "expired", "must-change"] = "locked"

    def changes(self) -> Mapping[str, object]:
        """The account's state."""
        return {"ca.account.state": self.state}

    def evidence(self) -> tuple[Evidence, ...]:
        """401.1 in both logs, with SSPI's code: NTLM does not say why."""
        row = iis_row(Stage.LOGIN, 401, sub_status=1, win32=hresult.SEC_E_LOGON_DENIED)
        return (*failed_call(Stage.LOGIN, status_refusal(Stage.LOGIN, 401)), row)
