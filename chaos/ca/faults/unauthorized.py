"""Credentials that are refused for once."""

from typing import ClassVar

from chaos.ca.mode import StatusMode
from testbed.ca import hresult
from testbed.ca.faults import Kind


class Unauthorized(StatusMode, frozen=True, kw_only=True):
    """HTTP status 401 to good credentials; the connection's login is forgotten."""

    name: ClassVar[str] = "ca.unauthorized"
    summary: ClassVar[str] = "the CA refuses good credentials (401)"
    kind: ClassVar[Kind] = "unauthorized"
    status: ClassVar[int] = 401
    sub_status: ClassVar[int] = 1
    win32: ClassVar[int] = hresult.SEC_E_LOGON_DENIED
