"""Key pairs for phones, made before any clock starts and read from one file.

An RSA-2048 key pair costs 44 ms of CPU, a hundred times what the rest of an enrollment costs a phone, and
stops every other phone of the process meanwhile. So child processes make them, into a file:

    {"format": "estorm-keys", "version": 1, "key_type": "rsa-2048"}   and a line feed,
    then for each key its length (4 bytes, big endian) and the key (PKCS#8 DER, not encrypted)

`python -m loadtests.keys FILE --count N [--key-type T]` makes one by hand.
"""

import argparse
import contextlib
import mmap
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Self

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from loadtests.errors import GeneratorFailed, LoadtestError, ScenarioError
from loadtests.scenario import KeyType
from testbed.pki import PrivateKey
from testbed.tether import die_with_parent

FORMAT = "estorm-keys"
_LENGTH_BYTES = 4
_RSA_BITS = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072, KeyType.RSA_4096: 4096}
_CURVES: dict[KeyType, ec.EllipticCurve] = {KeyType.P_256: ec.SECP256R1(), KeyType.P_384: ec.SECP384R1()}


class Header(msgspec.Struct, frozen=True):
    """The first line of a key file."""

    format: str
    version: int
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

    Child processes make them, as many as there are processors unless told otherwise; `progress` is called
    with the number done after each. The file appears whole or not at all. GeneratorFailed when a child
    ends before its work, ScenarioError when the file cannot be written.
    """
    try:
        with _new_file(path) as file:
            file.write(msgspec.json.encode(Header(FORMAT, 1, key_type)) + b"\n")
            for done, record in enumerate(_records(key_type, count, processes), start=1):
                file.write(len(record).to_bytes(_LENGTH_BYTES) + record)
                if progress:
                    progress(done)
    except OSError as error:
        raise ScenarioError(f"cannot write keys to {path}: {error.strerror}") from error


class KeyFile:
    """The key pairs of a file, loaded one at a time (0.004 ms each, so a million phones cost no memory).

    A context manager that owns the open file. Keys are not checked when they are loaded: that costs 37 ms
    for an RSA key, and the file is our own.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ScenarioError(f"cannot read keys from {path}: {error}") from error
        try:
            self.key_type, self._offsets = _index(self._data)
        except (msgspec.DecodeError, ValueError) as error:
            self._data.close()
            raise ScenarioError(f"{path} is not a whole key file: {error}; make it anew") from error

    def __len__(self) -> int:
        return len(self._offsets)

    def key(self, index: int) -> PrivateKey:
        """The key pair of phone `index`; a pool smaller than the fleet is shared round-robin."""
        start = self._offsets[index % len(self._offsets)]
        body = start + _LENGTH_BYTES
        der = self._data[body : body + int.from_bytes(self._data[start:body])]
        key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        return key

    def close(self) -> None:
        """Close the file."""
        self._data.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _index(data: mmap.mmap) -> tuple[KeyType, list[int]]:
    end_of_header = data.find(b"\n") + 1
    header = msgspec.json.decode(data[:end_of_header], type=Header)
    if header.format != FORMAT or header.version != 1:
        raise ValueError(f"its header is {header}")
    offsets, at = [], end_of_header
    while at < len(data):
        offsets.append(at)
        at += _LENGTH_BYTES + int.from_bytes(data[at : at + _LENGTH_BYTES])
    if at != len(data) or not offsets:
        raise ValueError("it is cut short" if offsets else "it holds no key")
    return header.key_type, offsets


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that replaces `path` once it is whole; mkstemp(3) makes it readable by its owner alone."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _records(key_type: KeyType, count: int, processes: int | None) -> Iterator[bytes]:
    """Every key as it is made, in the order in which the children come to deliver them."""
    wanted = max(1, min(processes or os.cpu_count() or 1, count))
    delivered: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    with contextlib.ExitStack() as owned:
        for number in range(wanted):
            share = count * (number + 1) // wanted - count * number // wanted
            child = owned.enter_context(_child(key_type, share))
            reader = threading.Thread(target=_deliver, args=(child, delivered), daemon=True)
            reader.start()
            owned.callback(reader.join)
            owned.callback(child.kill)
        made, running = 0, wanted
        while running:
            record = delivered.get()
            if record is None:
                running -= 1
            else:
                made += 1
                yield record
        if made != count:
            raise GeneratorFailed(f"a process that makes keys ended early: {made} of {count} keys were made")


def _child(key_type: KeyType, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "loadtests.keys", f"--child-of={os.getpid()}"]
    command += [f"--count={count}", f"--key-type={key_type}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)


def _deliver(child: subprocess.Popen[bytes], delivered: "queue.SimpleQueue[bytes | None]") -> None:
    assert child.stdout is not None
    while len(length := child.stdout.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        record = child.stdout.read(int.from_bytes(length))
        if len(record) != int.from_bytes(length):
            break
        delivered.put(record)
    delivered.put(None)


def _be_child(parent_pid: int, key_type: KeyType, count: int) -> None:
    die_with_parent(parent_pid)
    for _ in range(count):
        der = generate(key_type).private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        sys.stdout.buffer.write(len(der).to_bytes(_LENGTH_BYTES) + der)
        sys.stdout.buffer.flush()


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.keys", description="Make keys for phones.")
    parser.add_argument("file", nargs="?", type=Path, help="where to write them")
    parser.add_argument("--count", type=int, required=True, help="how many")
    parser.add_argument("--key-type", type=KeyType, choices=list(KeyType), default=KeyType.RSA_2048)
    parser.add_argument("--child-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count < 1 or (options.file is None and options.child_of is None):
        parser.error("give a FILE and a --count of 1 or more")
    try:
        if options.child_of is not None:
            _be_child(options.child_of, options.key_type, options.count)
        else:
            make_key_file(options.file, options.key_type, options.count)
    except LoadtestError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except BrokenPipeError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
