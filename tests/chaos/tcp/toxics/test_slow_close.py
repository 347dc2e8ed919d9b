"""slow_close holds the end of the stream, and nothing else."""

from chaos.tcp.toxic import Wait
from chaos.tcp.toxics.slow_close import SlowClose
from tests.chaos.tcp.rig import a_visit, chunk


def test_data_passes_at_once() -> None:
    assert list(SlowClose(delay=500).pass_on(chunk(), a_visit())) == [chunk()]


def test_the_end_is_held_for_the_delay() -> None:
    assert list(SlowClose(delay=500).at_end(a_visit())) == [Wait(0.5)]
