import polars as pl
import pytest

from loadtests.report.charts import Chart, draw
from loadtests.results import table
from tests.loadtests import attempts
from tests.loadtests.runs import summed_up


def charts(phones: int, per_second: float = 25.0) -> dict[str, Chart]:
    built = table.build(attempts.storm(phones, per_second=per_second))
    return {chart.id: chart for chart in draw(built, summed_up(built, phones=phones))}


def test_a_run_has_six_charts_in_order() -> None:
    assert list(charts(100)) == ["throughput", "backlog", "latency", "distribution", "stages", "outcomes"]


def test_an_empty_run_has_none() -> None:
    assert charts(0) == {}


def test_every_chart_says_what_it_shows() -> None:
    for chart in charts(100).values():
        assert chart.title
        assert chart.caption.endswith((".", "success."))
        assert chart.figure.layout.xaxis.title.text


def test_every_trace_that_has_company_is_named() -> None:
    for chart in charts(100).values():
        if len(chart.figure.data) > 1:
            names = [trace.name for trace in chart.figure.data]
            assert all(names)
            assert len(set(names)) == len(names)


def test_lines_differ_in_dash_not_in_colour_alone() -> None:
    found = charts(100)
    for name in ("throughput", "backlog", "latency"):
        assert len({trace.line.dash for trace in found[name].figure.data}) == 3


def test_points_are_no_more_for_many_attempts_than_for_few() -> None:
    few, many = charts(1000, per_second=10), charts(20_000, per_second=200)
    for name in few:
        points = [sum(len(trace.x) for trace in found[name].figure.data) for found in (few, many)]
        assert points[1] <= points[0] * 1.5


def test_totals_start_at_zero_and_end_at_all_attempts() -> None:
    arrivals = charts(100)["backlog"].figure.data[0]
    assert (arrivals.x[0], arrivals.y[0]) == (0, 0)
    assert arrivals.y[-1] == 100


def test_outcome_labels_cannot_carry_markup() -> None:
    tried = [attempts.enrolled(0)]
    built = table.build(tried).with_columns(est_error=pl.lit("<a href='x'>"))
    drawn = {chart.id: chart for chart in draw(built, summed_up(built))}
    assert drawn["outcomes"].figure.data[0].y[0].startswith("&lt;a href='x'&gt;<br>1")


@pytest.mark.parametrize("latency", [1e-6, 0.05, 900.0])
def test_the_time_axis_of_the_distribution_is_labelled_at_any_scale(latency: float) -> None:
    built = table.build([attempts.enrolled(0, latency=latency, lag=0.0)])
    axis = {chart.id: chart for chart in draw(built, summed_up(built))}["distribution"].figure.layout.xaxis
    low, high = axis.range
    assert low < high
    assert len(axis.tickvals) == len(axis.ticktext)
