"""A service account with a new password."""

from collections.abc import Mapping
from typing import ClassVar

from chaos.evidence import failed_call, iis_row, status_refusal
from chaos.fault import Evidence
from chaos.parts.changed import ChangedPart
from chaos.system import Part
from testbed.bounds import Name
from testbed.ca import hresult
from testbed.ra.certsrv.calls import Stage


class PasswordChanged(ChangedPart, frozen=True, kw_only=True):
    """The RA's account has another password at the CA. `ra.password_changed` tells the RA."""

    name: ClassVar[str] = "ca.password_changed"
    summary: ClassVar[str] = "the RA's account has another password"
    part: ClassVar[Part] = "ca"

    password: Name = "changed at the CA"  # noqa: S105 - nobody's

    def changes(self) -> Mapping[str, object]:
        """The account's password, in the domain."""
        return {"account_password": self.password}

    def evidence(self) -> tuple[Evidence, ...]:
        """401.1 in both logs, with SSPI's code."""
        row = iis_row(Stage.LOGIN, 401, sub_status=1, win32=hresult.SEC_E_LOGON_DENIED)
        return (*failed_call(Stage.LOGIN, status_refusal(Stage.LOGIN, 401)), row)
