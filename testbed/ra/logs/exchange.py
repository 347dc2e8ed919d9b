"""One EST request from its arrival to its answer, as a value that the log and the metrics are made from."""

from dataclasses import dataclass

from cryptography import x509

from testbed.est_errors import EstError
from testbed.ra.certsrv.calls import CaCall, Issued
from testbed.ra.est.accounts import AuthType
from testbed.ra.est.operations import Operation
from testbed.web.messages import Request, Response


@dataclass(frozen=True, slots=True)
class Exchange:
    """`request` is None when it could not be read; `operation` None when its path names none.

    `authenticating` says that the client's credentials were looked at, which for libEST includes the first
    login at the CA. `text` says in words why `error` is not NONE. `auth_type` is how clients log in, `peer`
    the certificate that this one has shown.
    """

    request: Request | None
    response: Response
    operation: Operation | None = None
    error: EstError = EstError.NONE
    text: str = ""
    authenticating: bool = False
    calls: tuple[CaCall, ...] = ()
    issued: Issued | None = None
    auth_type: AuthType = AuthType.BASIC
    peer: x509.Certificate | None = None
