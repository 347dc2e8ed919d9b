"""timeout swallows data and closes after a silence."""

from chaos.tcp.toxic import Close, Wait
from chaos.tcp.toxics.timeout import Timeout
from tests.chaos.tcp.rig import a_visit, chunk


def test_data_is_dropped() -> None:
    assert list(Timeout(timeout=100).pass_on(chunk(), a_visit())) == []


def test_it_closes_after_the_timeout_without_data() -> None:
    assert list(Timeout(timeout=100).while_idle(a_visit())) == [Wait(0.1), Close()]


def test_zero_never_closes() -> None:
    assert list(Timeout().while_idle(a_visit())) == []


def test_taking_it_off_closes_what_it_held() -> None:
    assert list(Timeout().on_removal(a_visit())) == [Close()]
