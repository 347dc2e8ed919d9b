"""noop lets everything through."""

from chaos.tcp.toxics.noop import Noop
from tests.chaos.tcp.rig import a_visit, chunk


def test_a_chunk_passes_as_it_came() -> None:
    assert list(Noop().pass_on(chunk(), a_visit())) == [chunk()]
