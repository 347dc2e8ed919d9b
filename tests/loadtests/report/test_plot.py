import polars as pl

from loadtests.report import plot


def test_a_line_with_gaps_marks_its_points() -> None:
    x = pl.Series([0.0, 1.0, 2.0, 3.0])
    gap = plot.line(x, pl.Series([1.0, None, 2.0, 3.0]), "p50", plot.BLUE, "solid")
    whole = plot.line(x, pl.Series([1.0, 1.5, 2.0, 3.0]), "p50", plot.BLUE, "solid")
    assert (gap.mode, whole.mode) == ("lines+markers", "lines")
    assert list(gap.y) == [1.0, None, 2.0, 3.0]


def test_a_figure_leaves_its_ground_to_the_page() -> None:
    layout = plot.figure([], "seconds", "attempts").layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_a_legend_is_drawn_only_where_traces_must_be_told_apart() -> None:
    one = plot.line(pl.Series([0.0]), pl.Series([0.0]), "one", plot.BLUE, "solid")
    assert not plot.figure([one], "x", "y").layout.showlegend
    assert plot.figure([one, one], "x", "y").layout.showlegend
