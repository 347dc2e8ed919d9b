"""An owner gives back everything it took, in reverse order, whichever way it ends."""

import contextlib

import pytest

from testbed.ownership import Owner


class Taker(Owner):
    """Takes what it is told to; "fails" does."""

    def __init__(self, *things: str) -> None:
        self.things = things
        self.given_back: list[str] = []

    def _take(self, owned: contextlib.ExitStack) -> None:
        for thing in self.things:
            if thing == "fails":
                raise OSError(thing)
            owned.callback(self.given_back.append, thing)


def test_what_was_taken_is_given_back_in_reverse_order() -> None:
    with Taker("first", "second") as taker:
        assert taker.given_back == []
    assert taker.given_back == ["second", "first"]


def test_an_exception_in_the_block_comes_through_and_all_is_given_back() -> None:
    taker = Taker("first")
    with pytest.raises(ZeroDivisionError), taker:
        raise ZeroDivisionError
    assert taker.given_back == ["first"]


def test_a_start_that_fails_gives_back_what_was_there_by_then() -> None:
    taker = Taker("first", "fails", "never")
    with pytest.raises(OSError, match="fails"), taker:
        pass
    assert taker.given_back == ["first"]
