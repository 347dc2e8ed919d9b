from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from testbed.ra.certificates import SigningRequest
from testbed.ra.est.pending import Order, PendingRequests
from testbed.ra.workers.memory import Memory


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pending(tmp_path: Path, clock: Clock) -> Iterator[PendingRequests]:
    with Memory(tmp_path) as memory:
        yield PendingRequests(memory, capacity=3, life_seconds=60, clock=clock)


@pytest.fixture
def order(csr: x509.CertificateSigningRequest) -> Order:
    return Order(SigningRequest(csr), b"the key")


def test_what_was_remembered_is_recalled_with_its_key(pending: PendingRequests, order: Order) -> None:
    pending.remember(b"a", 17, order)

    waiting = pending.recall(b"a")
    assert waiting is not None
    assert waiting.request_id == 17
    assert waiting.order.server_key == b"the key"
    assert waiting.order.request.pem == order.request.pem
    assert pending.recall(b"b") is None


def test_another_process_recalls_it_too(pending: PendingRequests, order: Order, tmp_path: Path) -> None:
    pending.remember(b"a", 17, order)
    with Memory(tmp_path) as memory:
        waiting = PendingRequests(memory, 3, 60, lambda: 1000.0).recall(b"a")
    assert waiting is not None
    assert waiting.request_id == 17


def test_what_is_decided_is_forgotten(pending: PendingRequests, order: Order) -> None:
    pending.remember(b"a", 17, order)
    pending.forget(b"a")
    pending.forget(b"never")
    assert pending.recall(b"a") is None
    assert pending.take_forgotten() == 0


def test_the_oldest_give_way_and_are_counted(pending: PendingRequests, order: Order, clock: Clock) -> None:
    for number in range(5):
        pending.remember(b"%d" % number, number, order)
        clock.now += 1
    assert len(pending) == 3
    assert [pending.recall(b"%d" % n) is not None for n in range(5)] == [False, False, True, True, True]
    assert (pending.take_forgotten(), pending.take_forgotten()) == (2, 0)


def test_what_waits_too_long_is_given_up(pending: PendingRequests, order: Order, clock: Clock) -> None:
    pending.remember(b"a", 17, order)
    clock.now += 30
    pending.remember(b"a", 17, order)  # asked for again: still as old
    clock.now += 31
    assert pending.recall(b"a") is None
    pending.remember(b"b", 18, order)
    assert pending.take_forgotten() == 1


def test_another_request_id_is_another_wait(pending: PendingRequests, order: Order) -> None:
    pending.remember(b"a", 17, order)
    pending.remember(b"a", 18, order)
    waiting = pending.recall(b"a")
    assert waiting is not None
    assert waiting.request_id == 18


def test_a_key_does_not_show(order: Order) -> None:
    assert "the key" not in repr(order)
