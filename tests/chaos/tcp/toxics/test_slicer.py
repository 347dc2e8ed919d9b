"""slicer cuts data into pieces near the average, loses none, and ends whatever it is given."""

from hypothesis import given
from hypothesis import strategies as st

from chaos.tcp.toxic import Chunk, Wait
from chaos.tcp.toxics.slicer import Slicer
from tests.chaos.tcp.rig import a_visit, chunk, let_through

DATA = bytes(range(256)) * 8


def pieces(toxic: Slicer, data: bytes = DATA) -> list[bytes]:
    return [step.data for step in toxic.pass_on(chunk(data), a_visit()) if isinstance(step, Chunk)]


def test_pieces_are_no_longer_than_average_and_variation() -> None:
    assert max(map(len, pieces(Slicer(average_size=100, size_variation=20)))) <= 120


def test_without_variation_the_halves_are_even() -> None:
    assert set(map(len, pieces(Slicer(average_size=64)))) == {64}


def test_each_piece_is_followed_by_the_delay_in_microseconds() -> None:
    steps = list(Slicer(average_size=1024, delay=250).pass_on(chunk(), a_visit()))
    assert steps == [chunk(), Wait(0.00025)]


def test_nothing_set_at_all_gives_single_bytes() -> None:
    assert set(map(len, pieces(Slicer(), DATA[:100]))) == {1}


@given(st.binary(max_size=500), st.integers(-5, 600), st.integers(-5, 600), st.integers())
def test_every_byte_passes_in_order_whatever_the_sizes(
    data: bytes, average: int, variation: int, seed: int
) -> None:
    toxic = Slicer(average_size=average, size_variation=variation)
    assert let_through(toxic.pass_on(chunk(data), a_visit(seed))) == data
