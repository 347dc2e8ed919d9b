"""latency delays each chunk from its arrival, jitter included, and never the other way round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.tcp.toxic import Chunk, Until
from chaos.tcp.toxics.latency import Latency
from tests.chaos.tcp.rig import a_visit, chunk


def leaves_at(toxic: Latency, seed: int = 1) -> float:
    wait, passed = toxic.pass_on(chunk(), a_visit(seed))
    assert isinstance(wait, Until)
    assert passed == Chunk(b"data", wait.at_seconds)
    return wait.at_seconds


def test_a_chunk_leaves_its_arrival_plus_the_latency() -> None:
    assert leaves_at(Latency(latency=250)) == pytest.approx(100.25)


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers())
def test_jitter_stays_within_its_bounds_and_no_chunk_leaves_before_it_came(
    latency: int, jitter: int, seed: int
) -> None:
    leaves = leaves_at(Latency(latency=latency, jitter=jitter), seed)
    assert (
        max(100.0, 100 + (latency - jitter) / 1000 - 1e-9) <= leaves <= 100 + (latency + jitter) / 1000 + 1e-9
    )


def test_jitter_is_drawn_anew_for_each_chunk() -> None:
    toxic, visit = Latency(latency=100, jitter=50), a_visit()
    drawn = {next(iter(toxic.pass_on(chunk(), visit))) for _ in range(20)}
    assert len(drawn) == 20


def test_the_same_dice_give_the_same_jitter() -> None:
    toxic = Latency(latency=100, jitter=50)
    assert leaves_at(toxic, seed=5) == leaves_at(toxic, seed=5) != leaves_at(toxic, seed=6)


def test_a_negative_latency_is_none() -> None:
    assert leaves_at(Latency(latency=-50)) == 100.0
