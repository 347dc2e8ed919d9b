"""The few DER values that AD CS's extensions and SPNEGO need and `cryptography` does not encode."""


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded parts."""
    return tagged(0x30, b"".join(parts))


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bmp_string(text: str) -> bytes:
    """A BMPString; characters outside the basic plane have no place in one and become `?`."""
    return tagged(0x1E, "".join(c if ord(c) < 0x10000 else "?" for c in text).encode("utf-16-be", "replace"))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    return tagged(0x06, b"".join(map(_base128, (first * 40 + second, *rest))))


def _base128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def tagged(tag: int, body: bytes) -> bytes:
    """Any value: its tag, its length, its content."""
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body
