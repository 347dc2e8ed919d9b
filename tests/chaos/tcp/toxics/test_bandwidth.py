"""bandwidth carries so many bytes a second, in slices of 100 ms, and forgets no error."""

import math

import pytest

from chaos.tcp.toxic import Until
from chaos.tcp.toxics.bandwidth import Bandwidth
from tests.chaos.tcp.rig import a_visit, chunk, let_through


def waits(toxic: Bandwidth, sizes: list[int]) -> list[float]:
    visit = a_visit()
    steps = [step for size in sizes for step in toxic.pass_on(chunk(b"x" * size), visit)]
    return [step.at_seconds for step in steps if isinstance(step, Until)]


def test_a_chunk_waits_as_long_as_the_link_carries_it() -> None:
    assert waits(Bandwidth(rate=100), [5000]) == [pytest.approx(100.05)]


def test_a_long_chunk_goes_out_in_slices_of_100_ms() -> None:
    assert waits(Bandwidth(rate=10), [2500]) == [pytest.approx(at) for at in (100.1, 100.2, 100.25)]


def test_chunks_queue_behind_each_other() -> None:
    assert waits(Bandwidth(rate=100), [5000, 5000]) == [pytest.approx(100.05), pytest.approx(100.1)]


def test_an_idle_link_saves_nothing_up() -> None:
    toxic, visit = Bandwidth(rate=100), a_visit()
    list(toxic.pass_on(chunk(b"x" * 100, 50.0), visit))
    wait = next(iter(toxic.pass_on(chunk(b"x" * 5000, 100.0), visit)))
    assert isinstance(wait, Until)
    assert wait.at_seconds == pytest.approx(100.05)


def test_every_byte_passes_in_order() -> None:
    data = bytes(range(256)) * 100
    assert let_through(Bandwidth(rate=1).pass_on(chunk(data), a_visit())) == data


@pytest.mark.parametrize("rate", [0, -1])
def test_no_rate_lets_nothing_through_in_a_lifetime(rate: int) -> None:
    assert waits(Bandwidth(rate=rate), [1]) == [math.inf]
