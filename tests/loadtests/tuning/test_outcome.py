"""Outcomes: what became of phones, in the same numbers for lab and simulation."""

import polars as pl
import pytest

from loadtests.tuning.outcome import Losses, Outcome, Yardstick, outcome

NOTHING = Losses(0, 0, 0)


def tries(*rows: tuple[int, float, float, bool]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["phone", "started", "ended", "enrolled"], orient="row")


def of(rows: pl.DataFrame, phones: int, over: float | None = None, window: float = 60.0) -> Outcome:
    return outcome(rows, phones, NOTHING, Yardstick(window, over))


def test_time_counts_from_the_first_try_to_the_one_that_enrolled() -> None:
    found = of(tries((1, 0, 10, False), (1, 40, 42, True)), 1)
    assert (found.enrolled, found.p50_seconds) == (1, 42)


def test_who_enrolls_after_his_window_has_missed_it() -> None:
    assert of(tries((1, 0, 61, True), (2, 0, 59, True)), 2).enrolled == 1


def test_a_phone_that_never_enrolled_is_slower_than_any() -> None:
    rows = tries(*((phone, 0, 1, True) for phone in range(98)), (98, 0, 9, False), (99, 0, 9, False))
    found = of(rows, 100)
    assert (found.p50_seconds, found.p99_seconds) == (1, None)


def test_the_chain_recovered_when_phones_get_their_lsc_in_time_again() -> None:
    bad = [(n, 60.0 + n, 70.0 + n, False) for n in range(10)]
    good = [(n, 60.0 + n, 61.0 + n, True) for n in range(10, 60)]
    found = of(tries(*bad, *good), 60, over=60)
    assert found.recovered
    assert found.recovery_seconds == pytest.approx(8)


def test_a_chain_whose_last_phones_fail_has_not_recovered() -> None:
    rows = [(n, 60.0 + n, 61.0 + n, n < 20) for n in range(60)]
    found = of(tries(*rows), 60, over=60)
    assert (found.recovered, found.recovery_seconds) == (False, None)


def test_there_is_nothing_to_recover_from_without_a_fault() -> None:
    assert of(tries((1, 0, 1, True)), 1).recovered is None
