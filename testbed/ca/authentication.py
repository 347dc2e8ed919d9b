"""How IIS authenticates a connection, and what it writes in its log about each step.

NTLM authenticates the TCP connection: the gate of a connection remembers its handshake and, once that is
done, who the connection belongs to. Basic and the anonymous challenge belong to one request.
"""

import base64
import binascii
import enum
from dataclasses import dataclass

from testbed.ca import hresult
from testbed.ca.directory import Account, Directory
from testbed.errors import NtlmError
from testbed.ntlm.acceptor import Acceptor, Refused
from testbed.ntlm.handshake import Handshake, Reply
from testbed.ntlm.messages import SIGNATURE
from testbed.web.messages import Headers

_SCHEME_NAMES = {"ntlm": "NTLM", "negotiate": "Negotiate"}


class Page(enum.Enum):
    """Which of IIS's two 401 pages goes with a challenge."""

    INVALID_CREDENTIALS = "the 1293-byte page of IIS itself"
    NOT_AUTHORIZED = "the 341-byte page of HTTP.sys, in the middle of a handshake"


@dataclass(frozen=True, slots=True)
class Admitted:
    r"""The request may be served. `user` is what the log shows: `DOMAIN\user`, or as typed with Basic.

    `final` is the `WWW-Authenticate` value that ends a SPNEGO exchange, empty for all others.
    """

    account: Account
    user: str
    persistent: bool
    final: str = ""


@dataclass(frozen=True, slots=True)
class Challenged:
    """The request gets a 401 with these `WWW-Authenticate` values and this row in the log.

    `scheme` is what was tried, empty for an anonymous request; `failed` says that credentials were refused.
    """

    values: tuple[str, ...]
    page: Page
    sub_status: int
    win32_status: int
    user: str = "-"
    scheme: str = ""
    failed: bool = False


class Doorkeeper:
    """What all gates of one site share: accounts, schemes on offer, and the NTLM acceptor."""

    def __init__(
        self,
        directory: Directory,
        acceptor: Acceptor[Account],
        schemes: tuple[str, ...],
        realm: str,
        *,
        persist: bool,
    ) -> None:
        self.directory, self.acceptor = directory, acceptor
        self.schemes, self.persist = frozenset(schemes), persist
        offers = {"negotiate": "Negotiate", "ntlm": "NTLM", "basic": f'Basic realm="{realm}"'}
        self.offers = tuple(value for scheme, value in offers.items() if scheme in self.schemes)

    def anonymous(self) -> Challenged:
        """The first answer to a request without credentials."""
        return Challenged(self.offers, Page.INVALID_CREDENTIALS, 2, hresult.ACCESS_DENIED)

    def refusal(self, scheme: str, win32_status: int, user: str = "-") -> Challenged:
        """The answer to credentials that are no good."""
        return Challenged(self.offers, Page.INVALID_CREDENTIALS, 1, win32_status, user, scheme, failed=True)


class Gate:
    """The authentication of one connection. `end_point` is its `tls-server-end-point`."""

    def __init__(self, doorkeeper: Doorkeeper, end_point: bytes | None) -> None:
        self._doorkeeper = doorkeeper
        self._handshake = Handshake(doorkeeper.acceptor, end_point)
        self._owner: Account | None = None

    @property
    def is_mid_handshake(self) -> bool:
        """Whether the client's next message is due in an NTLM handshake."""
        return self._handshake.is_open

    def forget(self) -> None:
        """Make the connection nobody's again."""
        self._owner = None
        self._handshake.abandon()

    def admit(self, headers: Headers) -> Admitted | Challenged:
        """Whether the request with these headers may be served, and as whom."""
        scheme, _, token = (headers.get("authorization") or "").partition(" ")
        scheme = scheme.lower()
        if scheme not in self._doorkeeper.schemes:
            return self._without_credentials(headers)
        if scheme == "basic":
            return self._basic(token)
        try:
            return self._handshake_step(scheme, base64.b64decode(token, validate=True))
        except (binascii.Error, NtlmError, ValueError):
            self._handshake.abandon()
            return self._doorkeeper.refusal(scheme, hresult.SEC_E_INVALID_TOKEN)

    def _without_credentials(self, headers: Headers) -> Admitted | Challenged:
        # A proxy shares one connection among users, so IIS trusts none that announces itself.
        if self._owner and self._doorkeeper.persist and headers.get("via") is None:
            return Admitted(self._owner, self._owner.name, persistent=True)
        return self._doorkeeper.anonymous()

    def _basic(self, token: str) -> Admitted | Challenged:
        try:
            typed = base64.b64decode(token, validate=True).decode("utf-8", "replace")
        except ValueError:
            return self._doorkeeper.refusal("basic", hresult.LOGON_FAILURE)
        name, _, password = typed.partition(":")
        account, status = self._doorkeeper.directory.logon(name, password)
        if account is None or status:
            return self._doorkeeper.refusal("basic", status, name or "-")
        return Admitted(account, name, persistent=False)

    def _handshake_step(self, scheme: str, token: bytes) -> Admitted | Challenged:
        """One leg of NTLM, bare or inside SPNEGO."""
        self._owner = None
        step = self._handshake.step(token, wrapped=not token.startswith(SIGNATURE))
        if isinstance(step, Reply):
            value = f"{_SCHEME_NAMES[scheme]} {base64.b64encode(step.token).decode()}"
            return Challenged((value,), Page.NOT_AUTHORIZED, 1, hresult.SEC_E_NO_CREDENTIALS, scheme=scheme)
        if step is Refused.BAD_BINDING:
            return self._doorkeeper.refusal(scheme, hresult.SEC_E_BAD_BINDINGS)
        if isinstance(step, Refused) or step.account.logon_status:
            return self._doorkeeper.refusal(scheme, hresult.SEC_E_LOGON_DENIED)
        self._owner = step.account
        final = f"{_SCHEME_NAMES[scheme]} {base64.b64encode(step.token).decode()}" if step.token else ""
        return Admitted(step.account, step.account.name, persistent=True, final=final)
