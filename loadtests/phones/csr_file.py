"""The phones' requests (PKCS#10), made and signed before any clock starts and read from one file.

Signing costs 0.3 ms with an RSA-2048 key, a third of what else an enrollment costs the load generator, and
in the field the phone does it long before CAPF turns to the EST server. So child processes make them, into
a file of records (`loadtests/phones/record_file.py`); each record is one request in DER, phone by phone.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from loadtests.phones.keys import KeyFile
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.phones.record_file import (
    RecordFile,
    children_for,
    exit_code_of,
    framed,
    made_by_children,
    share_of,
    write_records,
)
from testbed.tether import die_with_parent

_REQUESTS_WORTH_A_CHILD = 300


class Header(msgspec.Struct, frozen=True):
    """The first line of a file of requests: whose they are."""

    format: Literal["estorm-requests"]
    version: Literal[1]
    seed: int


class Requests(Protocol):
    """The phones' requests in DER, by the phone's index."""

    def __getitem__(self, index: int, /) -> bytes: ...


def make_csr_file(
    path: Path,
    keys: Path,
    seed: int,
    count: int,
    progress: Callable[[int], None] | None = None,
    processes: int | None = None,
) -> None:
    """Make the requests of phones 0 to `count` - 1 of the fleet `seed`, signed with the keys in `keys`.

    Child processes make them; `progress` is called with the number done after each. The file appears whole
    or not at all. GeneratorFailed when a child ends before its work, ScenarioError when the file cannot be
    written.
    """
    children = children_for(count, processes, _REQUESTS_WORTH_A_CHILD)
    commands = [
        (
            "-m",
            "loadtests.phones.csr_file",
            str(keys),
            f"--child-of={os.getpid()}",
            f"--seed={seed}",
            f"--first={child}",
            f"--step={children}",
            f"--count={share_of(child, children, count)}",
        )
        for child in range(children)
    ]
    write_records(path, Header("estorm-requests", 1, seed), made_by_children(commands, count), progress)


def open_csr_file(path: Path) -> RecordFile[Header]:
    """The requests in the file at `path`, by phone; ScenarioError when it is not such a file."""
    return RecordFile(path, Header)


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.phones.csr_file")
    parser.add_argument("keys", type=Path)
    for name in ("child-of", "seed", "first", "step", "count"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    die_with_parent(options.child_of)
    return exit_code_of(lambda: _make(options))


def _make(options: argparse.Namespace) -> None:
    names = PhoneNames(options.seed)
    with KeyFile(options.keys) as keys:
        for number in range(options.count):
            index = options.first + number * options.step
            csr = Phone(index, names.name(index), keys.key(index)).csr_der()
            sys.stdout.buffer.write(framed(csr))


if __name__ == "__main__":
    sys.exit(_main())
