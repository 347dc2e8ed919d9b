"""Files of many small records made before a run, and the child processes that make them.

    {"format": "estorm-keys", "version": 1, ...}        and a line feed,
    then for each record its length (4 bytes, big endian) and its bytes

Children write records of the same form to their standard output.
"""

import array
import contextlib
import mmap
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Generic, TypeVar

import msgspec

from loadtests.errors import GeneratorFailed, LoadtestError, ScenarioError
from testbed.ownership import Closing
from testbed.process_end import end_without_search

_LENGTH_BYTES = 4
HeaderT = TypeVar("HeaderT", bound=msgspec.Struct)


class RecordFile(Closing, Generic[HeaderT]):
    """The records of a file, read one at a time, so that a million cost no memory; a context manager.

    ScenarioError when there is no file at `path`, or not a whole one of this kind of header.
    """

    def __init__(self, path: Path, kind: type[HeaderT]) -> None:
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ScenarioError(f"cannot read {path}: {error}") from error
        try:
            self.header, self._offsets = _index(self._data, kind)
        except (msgspec.DecodeError, ValueError) as error:
            self._data.close()
            raise ScenarioError(f"{path} is not a whole file of its kind: {error}; make it anew") from error

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int) -> bytes:
        body = self._offsets[index] + _LENGTH_BYTES
        return self._data[body : body + int.from_bytes(self._data[body - _LENGTH_BYTES : body])]

    def close(self) -> None:
        """Close the file."""
        self._data.close()


def write_records(
    path: Path, header: msgspec.Struct, records: Iterable[bytes], progress: Callable[[int], None] | None
) -> None:
    """Write the records into the file `path`, which its owner alone can read; it appears whole or not at all.

    `progress` is called with the number done after each. ScenarioError when the file cannot be written.
    """
    try:
        with _new_file(path) as file:
            file.write(msgspec.json.encode(header) + b"\n")
            for done, record in enumerate(records, start=1):
                file.write(framed(record))
                if progress:
                    progress(done)
    except OSError as error:
        raise ScenarioError(f"cannot write to {path}: {error.strerror}") from error


def framed(record: bytes) -> bytes:
    """The record as it stands in a file or on a child's standard output."""
    return len(record).to_bytes(_LENGTH_BYTES) + record


def made_by_children(commands: Sequence[Sequence[str]], count: int) -> Iterator[bytes]:
    """The `count` records that children make, the first one's first, the second one's first, and so on.

    GeneratorFailed when a child ends before its work.
    """
    with contextlib.ExitStack() as owned:
        queues = [_started(owned, command) for command in commands]
        for made in range(count):
            record = queues[made % len(queues)].get()
            if record is None:
                raise GeneratorFailed(f"a process that prepares the run ended early: {made} of {count} made")
            yield record


def exit_code_of(work: Callable[[], None]) -> int:
    """Do a child's work: 0, or 2 and one line for what cannot be done, or 1 when nobody reads any more."""
    end_without_search()
    try:
        work()
    except LoadtestError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except BrokenPipeError:
        return 1
    return 0


def share_of(child: int, children: int, count: int) -> int:
    """How many of `count` records child number `child` makes."""
    return len(range(child, count, children))


def children_for(count: int, processes: int | None, worth: int = 1) -> int:
    """How many children make `count` records: one a processor unless told otherwise.

    Each has `worth` records to make at least: as many as cost what its start does, a tenth of a second.
    """
    return max(1, min(processes or min(os.cpu_count() or 1, count // worth), count))


def _index(data: mmap.mmap, kind: type[HeaderT]) -> tuple[HeaderT, "array.array[int]"]:
    at = data.find(b"\n") + 1
    header = msgspec.json.decode(data[:at], type=kind)
    offsets = array.array("Q")
    while at < len(data):
        offsets.append(at)
        at += _LENGTH_BYTES + int.from_bytes(data[at : at + _LENGTH_BYTES])
    if at != len(data) or not offsets:
        raise ValueError("it is cut short" if offsets else "it holds nothing")
    return header, offsets


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


def _started(owned: contextlib.ExitStack, command: Sequence[str]) -> "queue.SimpleQueue[bytes | None]":
    """What the child makes, None at its end; the child ends with `owned`."""
    delivered: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    child = owned.enter_context(
        subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            start_new_session=True,
        )
    )  # fmt: skip
    reader = threading.Thread(target=_deliver, args=(child, delivered), daemon=True)
    reader.start()
    owned.callback(reader.join)
    owned.callback(child.kill)
    return delivered


def _deliver(child: "subprocess.Popen[bytes]", delivered: "queue.SimpleQueue[bytes | None]") -> None:
    assert child.stdout is not None
    while len(length := child.stdout.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        record = child.stdout.read(int.from_bytes(length))
        if len(record) != int.from_bytes(length):
            break
        delivered.put(record)
    delivered.put(None)
