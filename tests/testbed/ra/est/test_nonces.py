from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.ra.est.nonces import Nonces
from testbed.ra.workers.memory import Memory


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path) as memory:
        yield memory


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nonces(memory: Memory, clock: Clock) -> Nonces:
    return Nonces(memory, life_seconds=60, capacity=3, clock=clock)


def test_a_nonce_is_decimal_as_libests_and_new_each_time(nonces: Nonces) -> None:
    given_out = {nonces.issue() for _ in range(100)}
    assert len(given_out) == 100
    assert all(nonce.isdigit() for nonce in given_out)


def test_counts_ascend(nonces: Nonces) -> None:
    nonce = nonces.issue()
    assert [nonces.use(nonce, count) for count in (1, 2, 5, 5, 4, 0, 6)] == [
        True, True, True, False, False, False, True,
    ]  # fmt: skip


def test_a_replay_is_known_to_every_process(nonces: Nonces, tmp_path: Path, clock: Clock) -> None:
    nonce = nonces.issue()
    assert nonces.use(nonce, 1)
    with Memory(tmp_path) as memory:
        other = Nonces(memory, life_seconds=60, capacity=3, clock=clock)
        assert not other.use(nonce, 1)
        assert other.use(nonce, 2)
    assert not nonces.use(nonce, 2)


def test_a_nonce_expires(nonces: Nonces, clock: Clock) -> None:
    nonce = nonces.issue()
    clock.now += 60
    assert nonces.use(nonce, 1)
    clock.now += 0.01
    assert not nonces.use(nonce, 2)


def test_unused_nonces_take_no_memory(nonces: Nonces) -> None:
    for _ in range(100):
        nonces.issue()
    assert len(nonces) == 0


def test_used_nonces_are_bounded_and_a_forgotten_one_is_never_taken_again(
    nonces: Nonces, clock: Clock
) -> None:
    used = []
    for _ in range(10):
        used.append(nonces.issue())
        clock.now += 1
        assert nonces.use(used[-1], 1)
    assert len(nonces) <= 3
    assert [nonces.use(nonce, 1) for nonce in used] == [False] * 10
    assert nonces.use(used[-1], 2)


@pytest.mark.parametrize("foreign", ["", "0", "1" * 57, "9" * 58, "9" * 80, "-1", " 1", "x", "٣"])
def test_a_foreign_nonce_is_refused(nonces: Nonces, foreign: str) -> None:
    assert not nonces.use(foreign, 1)


@given(st.integers(0, 56), st.integers(1, 9))
def test_a_changed_nonce_is_refused(tmp_path_factory: pytest.TempPathFactory, place: int, add: int) -> None:
    with Memory(tmp_path_factory.mktemp("memory")) as memory:
        nonces = Nonces(memory, 60, 3)
        nonce = nonces.issue()
        place %= len(nonce)
        changed = nonce[:place] + str((int(nonce[place]) + add) % 10) + nonce[place + 1 :]
        assert not nonces.use(changed, 1)
