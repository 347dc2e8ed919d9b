"""The state of one connection's NTLM handshake, bare or inside SPNEGO."""

from dataclasses import dataclass
from typing import Generic

from testbed.errors import NtlmError
from testbed.ntlm import spnego
from testbed.ntlm.acceptor import Acceptor, AccountT, Proved, Refused
from testbed.ntlm.messages import Challenge, message_type


@dataclass(frozen=True, slots=True)
class Reply:
    """A token to send back; the client's next one is awaited."""

    token: bytes


@dataclass(frozen=True, slots=True)
class Done(Generic[AccountT]):
    """The handshake is over: whose connection it is, and the token that ends it (SPNEGO), or none."""

    account: AccountT
    token: bytes = b""


class Handshake(Generic[AccountT]):
    """Takes a client's tokens one by one; `end_point` is the connection's `tls-server-end-point`."""

    def __init__(self, acceptor: Acceptor[AccountT], end_point: bytes | None) -> None:
        self._acceptor, self._end_point = acceptor, end_point
        self._type1 = b""
        self._challenge: Challenge | None = None
        self._mechanisms = b""

    @property
    def is_open(self) -> bool:
        """Whether the client's next token is awaited."""
        return self._challenge is not None or bool(self._mechanisms)

    def abandon(self) -> None:
        """Forget what has been said."""
        self._challenge, self._mechanisms = None, b""

    def step(self, token: bytes, *, wrapped: bool) -> Reply | Done[AccountT] | Refused:
        """What becomes of the next token; NtlmError when it is none, or not the one that was due."""
        return self._wrapped(spnego.decode(token)) if wrapped else self._bare(token)

    def _bare(self, token: bytes) -> Reply | Done[AccountT] | Refused:
        if message_type(token) == 1:
            return Reply(self._begin(token))
        outcome = self._finish(token)
        return Done(outcome.account) if isinstance(outcome, Proved) else outcome

    def _wrapped(self, token: spnego.Token) -> Reply | Done[AccountT] | Refused:
        if token.mechanisms:
            if not token.offers_ntlm:
                raise NtlmError("none of the client's mechanisms is NTLM")
            self._challenge, self._mechanisms = None, token.mechanisms
            if not token.inner.startswith(b"NTLMSSP\0"):
                return Reply(spnego.encode_response(spnego.REQUEST_MIC, name_ntlm=True))
        if message_type(token.inner) == 1:
            first = bool(token.mechanisms)
            challenge = self._begin(token.inner)
            return Reply(spnego.encode_response(spnego.ACCEPT_INCOMPLETE, challenge, name_ntlm=first))
        return self._last(token)

    def _last(self, token: spnego.Token) -> Done[AccountT] | Refused:
        mechanisms = self._mechanisms
        outcome = self._finish(token.inner)
        if isinstance(outcome, Refused):
            return outcome
        if not token.mic:
            return Done(outcome.account, spnego.encode_response(spnego.ACCEPT_COMPLETED))
        if not outcome.holds(mechanisms, token.mic):
            return Refused.BAD_CREDENTIALS
        mic = outcome.sign(mechanisms)
        return Done(outcome.account, spnego.encode_response(spnego.ACCEPT_COMPLETED, mic=mic))

    def _begin(self, type1: bytes) -> bytes:
        self._type1, self._challenge = type1, self._acceptor.challenge(type1)
        return self._challenge.raw

    def _finish(self, type3: bytes) -> Proved[AccountT] | Refused:
        challenge = self._challenge
        self.abandon()
        if challenge is None:
            raise NtlmError("an NTLM answer where no challenge was given on this connection")
        return self._acceptor.check(self._type1, challenge, type3, self._end_point)
