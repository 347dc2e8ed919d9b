import polars as pl
import pytest

from exporters.ra import SHARE_EDGES
from loadtests.report.ca_side import ANSWERS
from loadtests.report.evidence import Evidence
from loadtests.report.failing import failed_attempts
from loadtests.report.grid import Grid
from loadtests.report.shares import Used, heat, highest, longer_than, phones_used, ra_used
from loadtests.results import table
from tests.loadtests import attempts

GRID = Grid(0.0, 3, 1.0)


def used(*shares: tuple[float, float]) -> Used:
    return Used("read", 10.0, pl.DataFrame(shares, schema=["at", "share"], orient="row"))


def rows(found: list[list[int | None]]) -> dict[int, list[int | None]]:
    return {number: row for number, row in enumerate(found) if any(row)}


def test_a_share_lies_in_the_row_of_the_next_edge_above() -> None:
    found = rows(heat(used((0.5, 0.02), (0.6, 0.021), (1.5, 1.0), (2.5, 1.001)), GRID))
    full = SHARE_EDGES.index(1)
    assert found == {1: [1, None, None], 2: [1, None, None], full: [None, 1, None], full + 1: [None, None, 1]}


@pytest.mark.parametrize("timer_seconds", [0.8, 3.0, 7.0, 10.0])
def test_what_took_just_as_long_as_an_edge_allows_is_not_beyond_it(timer_seconds: float) -> None:
    answers = pl.DataFrame(
        [(0.5, "form", edge * timer_seconds) for edge in SHARE_EDGES], schema=ANSWERS, orient="row"
    )
    (form,) = ra_used(Evidence(ra_timers={"form": timer_seconds}, answers=answers))
    assert [row[0] for row in heat(form, Grid(0.0, 1, 1.0))] == [1] * len(SHARE_EDGES) + [None]


def test_the_highest_share_of_each_moment_is_told_and_a_moment_without_any_is_a_gap() -> None:
    assert highest(used(*((0.5, share / 100) for share in range(101)), (2.5, 0.3)), GRID) == [0.99, None, 0.3]


def test_an_attempt_that_a_timer_ended_has_used_it_up() -> None:
    built = table.build(
        [attempts.enrolled(0, latency=1.0, lag=0.0), attempts.timed_out(1, read_timer_seconds=4.0)]
    )
    found = phones_used(built, failed_attempts(built), Evidence(phone_timers={"connect": 10.0, "read": 4.0}))
    connect, read = (sorted(each.shares["share"].to_list()) for each in found)
    assert connect == pytest.approx([0.002, 0.008], abs=1e-5)
    assert read == pytest.approx([0.2, 1.0], abs=1e-5)


def test_calls_longer_than_a_shorter_timer_are_told_by_stage() -> None:
    answers = pl.DataFrame(
        [(0.0, "form", 0.5), (0.0, "form", 3.0), (0.0, "submit", 1.0)], schema=ANSWERS, orient="row"
    )
    assert longer_than(answers, 1.0) == {"form": 0.5, "submit": 0.0}
