"""What several hold is taken by the first and given back by the last, whoever they are."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from chaos.hold import held
from chaos.system import System
from tests.processes import wait_until

HOLDER = """
import sys, types, pathlib, time
from chaos.hold import held
system = types.SimpleNamespace(pki=pathlib.Path(sys.argv[1]))
with held(system, "x", lambda: print("taken", flush=True) or b"", lambda _: print("given", flush=True)):
    print("in", flush=True)
    sys.stdin.readline()
"""


@dataclass
class Held:
    """A thing that can be held, in a lab at `pki`."""

    pki: Path
    events: list[str] = field(default_factory=list)

    def __call__(
        self, name: str = "x", note: bytes = b"as it was"
    ) -> contextlib.AbstractContextManager[None]:
        def take() -> bytes:
            self.events.append("taken")
            return note

        def give_back(taken: bytes) -> None:
            self.events.append(f"given back {taken.decode()}")

        return held(cast("System", self), name, take, give_back)


@pytest.fixture
def thing(tmp_path: Path) -> Held:
    return Held(tmp_path)


def test_it_is_taken_and_given_back_with_what_it_was(thing: Held) -> None:
    with thing():
        assert thing.events == ["taken"]
    assert thing.events == ["taken", "given back as it was"]


@pytest.mark.parametrize("first", [0, 1])
def test_the_last_of_two_gives_back_what_the_first_has_taken(thing: Held, first: int) -> None:
    holders = [thing(), thing(note=b"as it is")]
    for holder in holders:
        holder.__enter__()
    holders[first].__exit__(None, None, None)
    assert thing.events == ["taken"]
    holders[1 - first].__exit__(None, None, None)
    assert thing.events == ["taken", "given back as it was"]


def test_things_of_other_names_are_held_for_themselves(thing: Held) -> None:
    with thing("x"), thing("y"):
        assert thing.events == ["taken", "taken"]


def test_it_is_given_back_when_the_block_raises_and_can_be_taken_again(thing: Held) -> None:
    with pytest.raises(ZeroDivisionError), thing():
        raise ZeroDivisionError
    with thing():
        pass
    assert thing.events == ["taken", "given back as it was"] * 2


def test_what_cannot_be_taken_is_not_given_back(thing: Held) -> None:
    def fail() -> bytes:
        raise OSError("no")

    given: list[bytes] = []
    with pytest.raises(OSError, match="no"), held(cast("System", thing), "x", fail, given.append):
        pytest.fail("it was taken")
    assert given == []
    with thing():
        assert thing.events == ["taken"]


def test_many_threads_take_and_give_back_in_turns(thing: Held) -> None:
    def hold_often() -> None:
        for _ in range(20):
            with thing():
                pass

    run_all([hold_often] * 4)
    assert thing.events[::2] == ["taken"] * (len(thing.events) // 2)
    assert thing.events[1::2] == ["given back as it was"] * (len(thing.events) // 2)


def run_all(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_holder_that_is_killed_holds_nothing_any_more(thing: Held) -> None:
    command = [sys.executable, "-c", HOLDER, str(thing.pki)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert [other.stdout.readline().strip() for _ in range(2)] == ["taken", "in"]
        holder = thing()
        holder.__enter__()
        assert thing.events == []
        other.kill()
        assert wait_until(lambda: other.poll() is not None)
        holder.__exit__(None, None, None)
    assert thing.events == ["given back "]
