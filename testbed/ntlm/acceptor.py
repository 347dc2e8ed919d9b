"""The server's side of NTLM, as a domain-joined IIS plays it.

The NTLMv2 proof is checked over the client's raw bytes: acceptors that re-pack its attributes first refuse
valid answers of clients that order them differently.
"""

import enum
import hmac
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from testbed.ntlm import proof
from testbed.ntlm.messages import (
    AV_FLAG_MIC_PRESENT,
    Authenticate,
    AvId,
    Challenge,
    Flag,
    Negotiate,
    decode_target_info,
    encode_attributes,
    encode_target_info,
)

_PROOF_BYTES = 16
_BLOB_HEAD_BYTES = 28
# What a client may have if it asks; everything else of its offer is dropped.
_GRANTED = int(
    Flag.UNICODE | Flag.NTLM | Flag.SIGN | Flag.SEAL | Flag.ALWAYS_SIGN | Flag.EXTENDED_SESSION_SECURITY
    | Flag.STRONG_KEYS | Flag.KEY_EXCHANGE | Flag.WEAK_KEYS
)  # fmt: skip
_ALWAYS = int(Flag.REQUEST_TARGET | Flag.TARGET_TYPE_DOMAIN | Flag.TARGET_INFO | Flag.VERSION)
_UNICODE, _OEM, _KEY_EXCHANGE = int(Flag.UNICODE), int(Flag.OEM), int(Flag.KEY_EXCHANGE)


class ChannelBinding(enum.Enum):
    """Extended protection: what the server makes of channel bindings in a Type 3."""

    IGNORE = "ignore"
    ACCEPT = "accept"
    REQUIRE = "require"


class Refused(enum.Enum):
    """Why a Type 3 was refused."""

    BAD_CREDENTIALS = "bad credentials"
    BAD_BINDING = "bad channel binding"


class HashedAccount(Protocol):
    """An account as NTLM needs it."""

    @property
    def nt_hash(self) -> bytes:
        """MD4 of the password."""
        ...


AccountT = TypeVar("AccountT", bound=HashedAccount)


@dataclass(frozen=True, slots=True)
class Proved(Generic[AccountT]):
    """A Type 3 that holds: whose it is, and the session key that both sides have now."""

    account: AccountT
    session_key: bytes
    key_exchange: bool

    def sign(self, message: bytes) -> bytes:
        """The server's signature of its first message."""
        return proof.signature(self.session_key, message, from_client=False, key_exchange=self.key_exchange)

    def holds(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is the client's, of its first message."""
        expected = proof.signature(
            self.session_key, message, from_client=True, key_exchange=self.key_exchange
        )
        return hmac.compare_digest(signature, expected)


@dataclass(frozen=True, slots=True)
class Names:
    """What the server calls itself and its domain in a Type 2."""

    netbios_domain: str
    dns_domain: str
    netbios_computer: str
    dns_computer: str

    def attributes(self) -> bytes:
        """The attributes of a domain member in the order Windows sends them, but for the time and the end."""
        text = {
            AvId.NETBIOS_DOMAIN: self.netbios_domain,
            AvId.NETBIOS_COMPUTER: self.netbios_computer,
            AvId.DNS_DOMAIN: self.dns_domain,
            AvId.DNS_COMPUTER: self.dns_computer,
            AvId.DNS_TREE: self.dns_domain,
        }
        return encode_attributes({av: value.encode("utf-16-le") for av, value in text.items()})


class Acceptor(Generic[AccountT]):
    """Makes challenges and checks answers for the accounts that `find(domain, user)` knows."""

    def __init__(
        self,
        names: Names,
        find: Callable[[str, str], AccountT | None],
        *,
        binding: ChannelBinding = ChannelBinding.IGNORE,
        now: Callable[[], float] = time.time,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._target, self._attributes, self._find = names.netbios_domain, names.attributes(), find
        self._binding = binding
        self._now, self._random_bytes = now, random_bytes

    def challenge(self, type1: bytes) -> Challenge:
        """The Type 2 that answers `type1`; NtlmError when that is no Type 1."""
        offered = Negotiate.decode(type1).flags
        strings = _UNICODE if offered & _UNICODE else _OEM
        time_and_end = encode_target_info({AvId.TIMESTAMP: proof.filetime(self._now())})
        return Challenge(
            flags=offered & _GRANTED | _ALWAYS | strings,
            target=self._target,
            server_challenge=self._random_bytes(8),
            target_info=self._attributes + time_and_end,
        ).encoded()

    def check(
        self, type1: bytes, challenge: Challenge, type3: bytes, end_point: bytes | None = None
    ) -> Proved[AccountT] | Refused:
        """What `type3` proves, or why it proves nothing; NtlmError when it is no Type 3.

        `end_point` is the connection's `tls-server-end-point`, None when there is none.
        """
        answer = Authenticate.decode(type3)
        given, blob = answer.nt_response[:_PROOF_BYTES], answer.nt_response[_PROOF_BYTES:]
        account = self._find(answer.domain, answer.user)
        if account is None or len(blob) < _BLOB_HEAD_BYTES:
            return Refused.BAD_CREDENTIALS
        key = proof.response_key(account.nt_hash, answer.user, answer.domain)
        if not hmac.compare_digest(given, proof.nt_proof(key, challenge.server_challenge, blob)):
            return Refused.BAD_CREDENTIALS
        attributes = decode_target_info(blob[_BLOB_HEAD_BYTES:])
        session_key = _session_key(answer, key)
        if session_key is None or not _mic_holds(type1, challenge, answer, attributes, session_key):
            return Refused.BAD_CREDENTIALS
        if not self._binding_holds(attributes, end_point):
            return Refused.BAD_BINDING
        return Proved(account, session_key, bool(answer.flags & _KEY_EXCHANGE))

    def _binding_holds(self, attributes: dict[int, bytes], end_point: bytes | None) -> bool:
        if self._binding is ChannelBinding.IGNORE or end_point is None:
            return True
        given = attributes.get(AvId.CHANNEL_BINDINGS, bytes(16))
        if given == bytes(16):
            return self._binding is ChannelBinding.ACCEPT
        return hmac.compare_digest(given, proof.channel_bindings_hash(end_point))


def _session_key(answer: Authenticate, key: bytes) -> bytes | None:
    """The exported session key, or None when the client's part of it has the wrong size."""
    encrypted_key = answer.session_key if answer.flags & _KEY_EXCHANGE else b""
    if encrypted_key and len(encrypted_key) != 16:
        return None
    return proof.exported_session_key(key, answer.nt_response[:_PROOF_BYTES], encrypted_key)


def _mic_holds(
    type1: bytes, challenge: Challenge, answer: Authenticate, attributes: dict[int, bytes], session_key: bytes
) -> bool:
    announced = int.from_bytes(attributes.get(AvId.FLAGS, b"")[:4], "little") & AV_FLAG_MIC_PRESENT
    if not announced:
        return True
    if answer.mic_offset is None:
        return False
    start, end = answer.mic_offset, answer.mic_offset + 16
    unsigned = answer.raw[:start] + bytes(16) + answer.raw[end:]
    expected = proof.mic(session_key, type1, challenge.raw, unsigned)
    return hmac.compare_digest(answer.raw[start:end], expected)
