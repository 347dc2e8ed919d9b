import polars as pl
import pytest

from loadtests.report.grid import Grid


def test_moments_before_and_after_the_run_go_to_its_first_and_last_bin() -> None:
    grid = Grid(100.0, 4, 2.0)
    events = pl.DataFrame({"at": [99.0, 100.0, 101.9, 102.0, 107.9, 108.0, 500.0]})
    assert grid.counts(events, "at") == [3, 1, 0, 3]


def test_a_bin_without_events_has_a_row_of_its_own() -> None:
    grid = Grid(0.0, 3, 1.0)
    grouped = pl.DataFrame({"at": [0.5, 2.5]}).group_by(grid.bin_of("at")).agg(pl.len().alias("events"))
    assert grid.laid_out(grouped)["events"].to_list() == [1, None, 1]


@pytest.mark.parametrize(("seconds", "count"), [(1.0, 10), (0.1, 100), (3.0, 3), (60.0, 1)])
def test_a_coarser_grid_covers_the_same_time(seconds: float, count: int) -> None:
    coarse = Grid(5.0, 100, 0.1).no_finer_than(seconds)
    assert coarse.count == count
    assert coarse.width_seconds >= seconds * (1 - 1e-9) or count == 1
    assert coarse.ends[-1] == pytest.approx(10.0)


def test_middles_and_ends_lie_where_the_bins_are() -> None:
    grid = Grid(1e9, 2, 0.5)
    assert (grid.middles, grid.ends) == ([0.25, 0.75], [0.5, 1.0])
