"""Key pairs for phones, made before any clock starts and read from one file.

An RSA-2048 key pair costs 44 ms of CPU, a hundred times what the rest of an enrollment costs a phone, and
stops every other phone of the process meanwhile. So child processes make them, into a file of records
(`record_file.py`) with the header {"format": "estorm-keys", "version": 1, "key_type": "rsa-2048"}; each is a
key in PKCS#8 DER, not encrypted.

`python -m loadtests.phones.keys FILE --count N [--key-type T]` makes one by hand.
"""

import argparse
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from loadtests.phones.record_file import (
    RecordFile,
    children_for,
    exit_code_of,
    framed,
    made_by_children,
    share_of,
    write_records,
)
from loadtests.phones.settings import KeyType
from testbed.ownership import Closing
from testbed.pki import PrivateKey
from testbed.tether import die_with_parent

_KEPT_KEYS = 256
_CURVE_KEYS_WORTH_A_CHILD = 1000
_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_CURVES: dict[KeyType, ec.EllipticCurve] = {KeyType.P_256: ec.SECP256R1(), KeyType.P_384: ec.SECP384R1()}


class Header(msgspec.Struct, frozen=True):
    """The first line of a key file."""

    format: Literal["estorm-keys"]
    version: Literal[1]
    key_type: KeyType


def generate(key_type: KeyType) -> PrivateKey:
    """A new key pair; costs 44, 159, 556 ms for RSA-2048, 3072, 4096 and under 0.2 ms on a curve."""
    if key_type in _RSA_BITS:
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[key_type])
    return ec.generate_private_key(_CURVES[key_type])


def make_key_file(
    path: Path,
    key_type: KeyType,
    count: int,
    progress: Callable[[int], None] | None = None,
    processes: int | None = None,
) -> None:
    """Make `count` key pairs into the file `path`, which its owner alone can read.

    Child processes make them, where there is work for them as many as processors, unless told otherwise;
    `progress` is called with the number done after each. The file appears whole or not at all.
    GeneratorFailed when a child ends before its work, ScenarioError when the file cannot be written.
    """
    children = children_for(count, processes, 1 if key_type in _RSA_BITS else _CURVE_KEYS_WORTH_A_CHILD)
    commands = [
        (
            "-m",
            "loadtests.phones.keys",
            f"--child-of={os.getpid()}",
            f"--key-type={key_type}",
            f"--count={share_of(child, children, count)}",
        )
        for child in range(children)
    ]
    write_records(path, Header("estorm-keys", 1, key_type), made_by_children(commands, count), progress)


class KeyFile(Closing):
    """The key pairs of a file, loaded one at a time (0.004 ms each, so a million phones cost no memory).

    A context manager that owns the open file. Keys are not checked when they are loaded: that costs 37 ms
    for an RSA key, and the file is our own. Those used last stay loaded: what a key needs to sign fast (RSA's
    Montgomery forms and blinding) is made at its first signature, and a small pool's keys sign often.
    """

    def __init__(self, path: Path) -> None:
        self._records = RecordFile(path, Header)
        self.key_type = self._records.header.key_type
        self._loaded = functools.lru_cache(maxsize=_KEPT_KEYS)(self._load)

    def __len__(self) -> int:
        return len(self._records)

    def key(self, index: int) -> PrivateKey:
        """The key pair of phone `index`; a pool smaller than the fleet is shared round-robin."""
        return self._loaded(index % len(self._records))

    def _load(self, number: int) -> PrivateKey:
        der = self._records[number]
        key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        return key

    def close(self) -> None:
        """Close the file."""
        self._records.close()


def _be_child(parent_pid: int, key_type: KeyType, count: int) -> None:
    die_with_parent(parent_pid)
    for _ in range(count):
        der = generate(key_type).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        sys.stdout.buffer.write(framed(der))
        sys.stdout.buffer.flush()


def _main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.phones.keys", description="Make keys for phones."
    )
    parser.add_argument("file", nargs="?", type=Path, help="where to write them")
    parser.add_argument("--count", type=int, required=True, help="how many")
    parser.add_argument("--key-type", type=KeyType, choices=list(KeyType), default=KeyType.RSA_2048)
    parser.add_argument("--child-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count < 1 or (options.file is None and options.child_of is None):
        parser.error("give a FILE and a --count of 1 or more")
    return exit_code_of(lambda: _make(options))


def _make(options: argparse.Namespace) -> None:
    if options.child_of is not None:
        _be_child(options.child_of, options.key_type, options.count)
    else:
        make_key_file(options.file, options.key_type, options.count)


if __name__ == "__main__":
    sys.exit(_main())
