"""MD4 (RFC 1320), on which NTLM's password hash is defined, and which OpenSSL 3 no longer has by default.

A library's costs each of the lab's processes a tenth of its start: it compiles C declarations as it is
imported. One password is hashed at a start, so speed does not count here.
"""

import struct

_BLOCK_BYTES = 64
_LENGTH_BYTES = 8
_MASK = 0xFFFFFFFF
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
# For each round what is added, by how many bits a step shifts, and which words of the block it takes in turn.
_ROUNDS = (
    (0x00000000, (3, 7, 11, 19), tuple(range(16))),
    (0x5A827999, (3, 5, 9, 13), (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)


def md4(data: bytes) -> bytes:
    """The digest of `data`, 16 bytes. Broken as a hash; for what is defined on it."""
    padding = bytes(-(len(data) + 1 + _LENGTH_BYTES) % _BLOCK_BYTES)
    padded = data + b"\x80" + padding + struct.pack("<Q", 8 * len(data))
    state = _START
    for (*block,) in struct.iter_unpack("<16I", padded):
        state = _compressed(state, block)
    return struct.pack("<4I", *state)


def _compressed(state: tuple[int, int, int, int], block: list[int]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for number, (constant, shifts, order) in enumerate(_ROUNDS):
        for step, word in enumerate(order):
            mixed = (a + _mix(number, b, c, d) + block[word] + constant) & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, (mixed << shift | mixed >> (32 - shift)) & _MASK, b, c
    added = ((before + after) & _MASK for before, after in zip(state, (a, b, c, d), strict=True))
    return next(added), next(added), next(added), next(added)


def _mix(number: int, x: int, y: int, z: int) -> int:
    if number == 0:
        return x & y | ~x & z
    if number == 1:
        return x & y | x & z | y & z
    return x ^ y ^ z
