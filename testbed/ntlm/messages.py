"""The three NTLM messages as values and as bytes (MS-NLMP section 2.2.1).

Decoding checks every offset and length against the buffer; whatever does not fit is an NtlmError. Decoded
messages keep their own bytes, because NTLMv2's proof and the MIC are computed over what the peer really sent.
"""

import enum
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from testbed.errors import NtlmError

SIGNATURE = b"NTLMSSP\0"
# Windows Server 2019, NTLM revision 15 (section 2.2.2.10).
VERSION = struct.pack("<BBHxxxB", 10, 0, 17763, 15)
_MIC_BYTES = 16
_CHALLENGE_FIXED_BYTES = 48
_AUTHENTICATE_FIXED_BYTES = 64
_VERSION_BYTES = 8


class Flag(enum.IntFlag):
    """Negotiate flags (section 2.2.2.5) that this code reads or sets."""

    UNICODE = 0x00000001
    OEM = 0x00000002
    REQUEST_TARGET = 0x00000004
    SIGN = 0x00000010
    SEAL = 0x00000020
    NTLM = 0x00000200
    ANONYMOUS = 0x00000800
    ALWAYS_SIGN = 0x00008000
    TARGET_TYPE_DOMAIN = 0x00010000
    EXTENDED_SESSION_SECURITY = 0x00080000
    TARGET_INFO = 0x00800000
    VERSION = 0x02000000
    STRONG_KEYS = 0x20000000
    KEY_EXCHANGE = 0x40000000
    WEAK_KEYS = 0x80000000


class AvId(enum.IntEnum):
    """Kinds of attribute in a target information block (section 2.2.2.1)."""

    END = 0
    NETBIOS_COMPUTER = 1
    NETBIOS_DOMAIN = 2
    DNS_COMPUTER = 3
    DNS_DOMAIN = 4
    DNS_TREE = 5
    FLAGS = 6
    TIMESTAMP = 7
    SINGLE_HOST = 8
    TARGET_NAME = 9
    CHANNEL_BINDINGS = 10


AV_FLAG_MIC_PRESENT = 0x2
# Plain numbers: enum flags cost microseconds at each `&`, and a login does dozens.
_UNICODE, _TARGET_INFO = int(Flag.UNICODE), int(Flag.TARGET_INFO)


@dataclass(frozen=True, slots=True)
class Negotiate:
    """Type 1: what a client offers."""

    flags: int
    raw: bytes = field(repr=False, default=b"")

    @classmethod
    def decode(cls, data: bytes) -> "Negotiate":
        """A Type 1 from its bytes."""
        _check_head(data, 1)
        return cls(_unpack("<I", data, 12)[0], data)

    def encode(self) -> bytes:
        """The bytes, with neither domain nor workstation, as curl sends them."""
        return SIGNATURE + struct.pack("<II", 1, self.flags) + bytes(16)


@dataclass(frozen=True, slots=True)
class Challenge:
    """Type 2: a server's challenge (8 bytes), its domain, and its target information block."""

    flags: int
    target: str
    server_challenge: bytes
    target_info: bytes
    raw: bytes = field(repr=False, default=b"")

    @classmethod
    def decode(cls, data: bytes) -> "Challenge":
        """A Type 2 from its bytes."""
        _check_head(data, 2)
        flags = _unpack("<I", data, 20)[0]
        server_challenge = data[24:32]
        if len(data) < _CHALLENGE_FIXED_BYTES:
            raise NtlmError(f"NTLM message of {len(data)} bytes is cut")
        target_info = _buffer(data, 40) if flags & _TARGET_INFO else b""
        return cls(flags, _text(_buffer(data, 12), flags), server_challenge, target_info, data)

    def encoded(self) -> "Challenge":
        """The same with its own bytes in `raw`."""
        return Challenge(self.flags, self.target, self.server_challenge, self.target_info, self.encode())

    def encode(self) -> bytes:
        """The bytes, version included, the payload directly after the fixed part."""
        target = _encode_text(self.target, self.flags)
        fixed_bytes = _CHALLENGE_FIXED_BYTES + _VERSION_BYTES
        return b"".join(
            (
                SIGNATURE,
                struct.pack("<IHHI", 2, len(target), len(target), fixed_bytes),
                struct.pack("<I8s8x", self.flags, self.server_challenge),
                struct.pack("<HHI", *[len(self.target_info)] * 2, fixed_bytes + len(target)),
                VERSION,
                target,
                self.target_info,
            )
        )


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Type 3: who the client says it is, and its responses to the challenge."""

    flags: int
    domain: str
    user: str
    workstation: str
    lm_response: bytes
    nt_response: bytes
    session_key: bytes = b""
    raw: bytes = field(repr=False, default=b"")

    @property
    def mic_offset(self) -> int | None:
        """Where the message integrity code stands in `raw`, or None when there is no room for one."""
        offset = _AUTHENTICATE_FIXED_BYTES + _VERSION_BYTES
        return offset if min(_payload_start(self.raw), len(self.raw)) >= offset + _MIC_BYTES else None

    @classmethod
    def decode(cls, data: bytes) -> "Authenticate":
        """A Type 3 from its bytes."""
        _check_head(data, 3)
        flags = _unpack("<I", data, _AUTHENTICATE_FIXED_BYTES - 4)[0]
        lm, nt, domain, user, workstation, key = (_buffer(data, 12 + 8 * index) for index in range(6))
        return cls(
            flags=flags,
            domain=_text(domain, flags),
            user=_text(user, flags),
            workstation=_text(workstation, flags),
            lm_response=lm,
            nt_response=nt,
            session_key=key,
            raw=data,
        )

    def encode(self) -> bytes:
        """The bytes without version and MIC, as curl sends them."""
        names = [_encode_text(name, self.flags) for name in (self.domain, self.user, self.workstation)]
        parts = [self.lm_response, self.nt_response, *names, self.session_key]
        fixed, payload = [SIGNATURE + struct.pack("<I", 3)], b""
        for part in parts:
            offset = _AUTHENTICATE_FIXED_BYTES + len(payload)
            fixed.append(struct.pack("<HHI", len(part), len(part), offset))
            payload += part
        fixed.append(struct.pack("<I", self.flags))
        return b"".join(fixed) + payload


def encode_target_info(pairs: Mapping[AvId, bytes]) -> bytes:
    """A target information block with the given attributes, ended as section 2.2.2.1 says."""
    return encode_attributes(pairs) + bytes(4)


def encode_attributes(pairs: Mapping[AvId, bytes]) -> bytes:
    """Attributes without the end mark."""
    return b"".join(struct.pack("<HH", av, len(value)) + value for av, value in pairs.items())


def decode_target_info(data: bytes) -> dict[int, bytes]:
    """The attributes of a target information block by id; what follows its end mark is ignored."""
    pairs: dict[int, bytes] = {}
    position = 0
    while True:
        av, length = _unpack("<HH", data, position)
        if av == AvId.END:
            return pairs
        position += 4
        if position + length > len(data):
            raise NtlmError(f"NTLM attribute {av} is cut: {length} bytes announced")
        pairs[av] = data[position : position + length]
        position += length


def message_type(data: bytes) -> int:
    """1, 2 or 3; NtlmError when `data` is no NTLM message at all."""
    if data[:8] != SIGNATURE:
        raise NtlmError("not an NTLM message: no NTLMSSP signature")
    return int(_unpack("<I", data, 8)[0])


def _check_head(data: bytes, wanted: int) -> None:
    found = message_type(data)
    if found != wanted:
        raise NtlmError(f"NTLM message type {found} where type {wanted} was due")


def _unpack(layout: str, data: bytes, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data, offset)
    except struct.error as error:
        raise NtlmError(f"NTLM message of {len(data)} bytes is cut") from error


def _buffer(data: bytes, offset: int) -> bytes:
    length, _, start = _unpack("<HHI", data, offset)
    if start + length > len(data):
        raise NtlmError(f"NTLM message of {len(data)} bytes is cut: {length} bytes announced at {start}")
    return data[start : start + length]


def _payload_start(data: bytes) -> int:
    starts = [start for length, _, start in (_unpack("<HHI", data, 12 + 8 * i) for i in range(6)) if length]
    return min(starts, default=len(data))


def _text(data: bytes, flags: int) -> str:
    return data.decode("utf-16-le" if flags & _UNICODE else "cp437", errors="replace")


def _encode_text(text: str, flags: int) -> bytes:
    return text.encode("utf-16-le" if flags & _UNICODE else "cp437", errors="replace")
