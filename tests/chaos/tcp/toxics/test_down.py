"""down resets without waiting for data."""

from chaos.tcp.toxic import Reset
from chaos.tcp.toxics.down import Down
from tests.chaos.tcp.rig import a_visit, chunk


def test_an_idle_connection_is_reset() -> None:
    assert list(Down().while_idle(a_visit())) == [Reset()]


def test_a_busy_connection_is_reset() -> None:
    assert list(Down().pass_on(chunk(), a_visit())) == [Reset()]
