import polars as pl
import pytest

from loadtests.report.charts import Chart, draw
from loadtests.report.evidence import Evidence
from loadtests.report.failing import failed_attempts
from loadtests.results import table
from tests.loadtests import attempts
from tests.loadtests.report.run_with_faults import EVIDENCE, run_with_faults
from tests.loadtests.runs import summed_up

NIGHT = ["states", "attempts", "latency", "stages", "failures"]
WHOLE = ["backlog", "distribution", "outcomes"]


def charts_of(built: pl.DataFrame, phones: int | None = None) -> dict[str, Chart]:
    drawn = draw(built, summed_up(built, phones=phones), Evidence(), failed_attempts(built))
    return {chart.id: chart for chart in drawn}


def charts(phones: int, per_second: float = 25.0) -> dict[str, Chart]:
    return charts_of(table.build(attempts.storm(phones, per_second=per_second)), phones)


def test_a_run_has_the_panels_of_the_night_first_and_then_its_own() -> None:
    assert list(charts(100)) == [*NIGHT, "longer", *WHOLE]


def test_a_run_with_faults_and_logs_has_the_timers_too() -> None:
    built, summary = run_with_faults()
    found = [chart.id for chart in draw(built, summary, EVIDENCE, failed_attempts(built))]
    heats = [f"share-phone-{timer}" for timer in EVIDENCE.phone_timers]
    heats += [f"share-ra-{timer}" for timer in EVIDENCE.ra_timers]
    assert found == [
        *NIGHT, "timeouts", "ca-answers", "failed-calls", "faults-in-force", *heats,
        "closest", "cut-off", "longer", *WHOLE,
    ]  # fmt: skip


def test_an_empty_run_has_none() -> None:
    assert charts(0) == {}


def test_every_chart_says_what_it_shows() -> None:
    for chart in charts(100).values():
        assert chart.title
        assert chart.caption.endswith(".")
        assert chart.figure.layout.xaxis.title.text


def test_every_trace_that_has_company_is_named() -> None:
    for chart in charts(100).values():
        if len(chart.figure.data) > 1:
            names = [trace.name for trace in chart.figure.data]
            assert all(names)
            assert len(set(names)) == len(names)


def test_lines_differ_in_dash_not_in_colour_alone() -> None:
    found = charts(100)
    for name, lines in (("attempts", 4), ("backlog", 3), ("latency", 3)):
        assert len({trace.line.dash for trace in found[name].figure.data}) == lines


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
    assert charts_of(built)["outcomes"].figure.data[0].y[0].startswith("&lt;a href='x'&gt;<br>1")


@pytest.mark.parametrize("latency", [1e-6, 0.05, 900.0])
def test_the_time_axis_of_the_distribution_is_labelled_at_any_scale(latency: float) -> None:
    built = table.build([attempts.enrolled(0, latency=latency, lag=0.0)])
    axis = charts_of(built)["distribution"].figure.layout.xaxis
    low, high = axis.range
    assert low < high
    assert len(axis.tickvals) == len(axis.ticktext)
