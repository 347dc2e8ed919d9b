"""limit_data closes exactly on reaching its limit."""

from chaos.tcp.toxic import Close
from chaos.tcp.toxics.limit_data import LimitData
from tests.chaos.tcp.rig import a_visit, chunk


def test_data_below_the_limit_passes() -> None:
    assert list(LimitData(bytes=5).pass_on(chunk(b"1234"), a_visit())) == [chunk(b"1234")]


def test_the_limit_closes_as_soon_as_it_is_reached() -> None:
    assert list(LimitData(bytes=4).pass_on(chunk(b"1234"), a_visit())) == [chunk(b"1234"), Close()]


def test_what_is_beyond_the_limit_is_lost() -> None:
    toxic, visit = LimitData(bytes=6), a_visit()
    list(toxic.pass_on(chunk(b"1234"), visit))
    assert list(toxic.pass_on(chunk(b"5678"), visit)) == [chunk(b"56"), Close()]


def test_zero_closes_on_the_first_data() -> None:
    assert list(LimitData().pass_on(chunk(), a_visit())) == [Close()]
