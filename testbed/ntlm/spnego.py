"""SPNEGO as the acceptor of a server that speaks NTLM alone needs it (RFC 4178).

Only the tokens' framing is here; what NTLM makes of the tokens inside is the acceptor's business.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from testbed.der import tagged
from testbed.errors import NtlmError

ACCEPT_COMPLETED, ACCEPT_INCOMPLETE, REJECT, REQUEST_MIC = range(4)
_SPNEGO_OID = bytes.fromhex("06062b0601050502")
NTLM_OID = bytes.fromhex("060a2b06010401823702020a")
_APPLICATION, _SEQUENCE, _OCTETS, _ENUMERATED = 0x60, 0x30, 0x04, 0x0A


@dataclass(frozen=True, slots=True)
class Token:
    """What a client sent: its mechanisms (raw DER, first token only), the token inside, and a MIC."""

    mechanisms: bytes
    inner: bytes
    mic: bytes

    @property
    def offers_ntlm(self) -> bool:
        """Whether NTLM is among the mechanisms."""
        return NTLM_OID in self.mechanisms


def decode(data: bytes) -> Token:
    """A NegTokenInit or NegTokenResp; NtlmError when `data` is neither."""
    if data[:1] == bytes((_APPLICATION,)):
        body = _only(data, _APPLICATION)
        if not body.startswith(_SPNEGO_OID):
            raise NtlmError("not a SPNEGO token: another mechanism's")
        fields = dict(_fields(_only(_only(body[len(_SPNEGO_OID) :], 0xA0), _SEQUENCE)))
        return Token(fields.get(0xA0, b""), _octets(fields.get(0xA2)), _octets(fields.get(0xA3)))
    fields = dict(_fields(_only(_only(data, 0xA1), _SEQUENCE)))
    return Token(b"", _octets(fields.get(0xA2)), _octets(fields.get(0xA3)))


def encode_response(state: int, inner: bytes = b"", mic: bytes = b"", *, name_ntlm: bool = False) -> bytes:
    """A NegTokenResp; `name_ntlm` says that NTLM was chosen, as the first one must."""
    parts = [tagged(0xA0, tagged(_ENUMERATED, bytes((state,))))]
    if name_ntlm:
        parts.append(tagged(0xA1, NTLM_OID))
    if inner:
        parts.append(tagged(0xA2, tagged(_OCTETS, inner)))
    if mic:
        parts.append(tagged(0xA3, tagged(_OCTETS, mic)))
    return tagged(0xA1, tagged(_SEQUENCE, b"".join(parts)))


def _octets(field: bytes | None) -> bytes:
    return _only(field, _OCTETS) if field else b""


def _only(data: bytes, tag: int) -> bytes:
    """The content of `data`, which must begin with a value of this tag."""
    for found, content in _fields(data):
        if found == tag:
            return content
        break
    raise NtlmError(f"not a SPNEGO token: no value tagged {tag:#x} where one is due")


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        tag, start, length = data[position], *_length(data, position + 1)
        if start + length > len(data):
            raise NtlmError(f"SPNEGO token is cut: {length} bytes announced")
        yield tag, data[start : start + length]
        position = start + length


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Where a value's content starts, and its length."""
    if position >= len(data):
        raise NtlmError("SPNEGO token is cut")
    first = data[position]
    if first < 0x80:
        return position + 1, first
    size = first & 0x7F
    if not 1 <= size <= 4:
        raise NtlmError("SPNEGO token has a length that DER does not allow")
    return position + 1 + size, int.from_bytes(data[position + 1 : position + 1 + size], "big")
