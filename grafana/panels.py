"""Panels and the frame that all dashboards share: variables, fault annotations, links between them."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from exporters.load.families import FAULT
from grafana.queries import series

DATASOURCE = dashboard.DataSourceRef("prometheus", "${datasource}")
_TAG = "estorm"
_OF_EACH_JOB = "estorm_((enrollments_started|ra_requests|ca_requests)_total|orphans)"
_JOBS = f'label_values({{__name__=~"{_OF_EACH_JOB}"}}, job)'
_RUNS = 'label_values({__name__=~"estorm_.+",job=~"$job"}, run)'
Panel = timeseries.Panel | stat.Panel | heatmap.Panel | table.Panel


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel, and what its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard: file name, title, what it is for, its rows of panels.

    `every_job` is what «All» means: `.*` takes series in that have no job.
    """

    name: str
    title: str
    about: str
    rows: Sequence[tuple[str, Sequence[Panel]]]
    time: str = "now-30m"
    refresh: str = "5s"
    every_job: str = ".+"


def numbers(
    title: str,
    about: str,
    unit: str,
    *queries: Query,
    width: int = 4,
    height: int = 4,
    bad_from: float | None = None,
) -> stat.Panel:
    """One number for each query, as it is now; red from `bad_from` on.

    Where nothing is said of thresholds, Grafana shows every number from 80 on in red.
    """
    steps = [dashboard.Threshold(0, "text")]
    if bad_from is not None:
        steps.append(dashboard.Threshold(bad_from, "red"))
    thresholds = board.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)
    panel = stat.Panel().title(title).description(about).unit(unit).span(width).height(height)
    panel = panel.datasource(DATASOURCE).graph_mode(common.BigValueGraphMode.NONE).thresholds(thresholds)
    for query in queries:
        panel = panel.with_target(_target(query).instant())
    return panel


def lines(
    title: str, about: str, unit: str, *queries: Query, width: int = 12, stacked: bool = False
) -> timeseries.Panel:
    """Lines over time."""
    legend = common_builder.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM)
    legend = legend.display_mode(common.LegendDisplayMode.LIST)
    panel = timeseries.Panel().title(title).description(about).unit(unit).span(width).height(8)
    panel = panel.datasource(DATASOURCE).legend(legend).fill_opacity(30 if stacked else 5).line_width(1)
    panel = panel.axis_soft_min(0).tooltip(_every_line())
    if stacked:
        panel = panel.stacking(common_builder.StackingConfig().mode(common.StackingMode.NORMAL))
    for query in queries:
        panel = panel.with_target(_target(query).range())
    return panel


def heat(title: str, about: str, unit: str, expr: str, width: int = 12) -> heatmap.Panel:
    """A histogram over time: `expr` gives its buckets, by `le`."""
    axis = heatmap.YAxisConfig().unit(unit).decimals(2)
    panel = heatmap.Panel().title(title).description(about).span(width).height(8).datasource(DATASOURCE)
    colour = (
        heatmap.HeatmapColorOptions().mode(heatmap_model.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    )
    target = _target(Query(expr, "{{le}}")).range().format(prometheus_model.PromQueryFormat.HEATMAP)
    return panel.color(colour).y_axis(axis).with_target(target)


def rows(title: str, about: str, unit: str, *queries: Query, width: int = 24) -> table.Panel:
    """A table: a row for each series as it is now, its labels the columns."""
    labels_alone = dashboard.DataTransformerConfig(
        "organize", options={"excludeByName": {"Time": True, "Value": True}}
    )
    panel = (
        table.Panel().title(title).description(about).unit(unit).span(width).height(8).datasource(DATASOURCE)
        .align(common.FieldTextAlignment.AUTO).inspect(False).with_transformation(labels_alone)
    )  # fmt: skip
    for query in queries:
        target = _target(query).instant().format(prometheus_model.PromQueryFormat.TABLE)
        panel = panel.with_target(target)
    return panel


def build(made: Board) -> dashboard.Dashboard:
    """The dashboard as Grafana reads it."""
    whole = (
        board.Dashboard(made.title).uid(f"estorm-{made.name}").description(made.about).tags([_TAG])
        .readonly().timezone("browser").refresh(made.refresh).time(made.time, "now")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .with_variable(_datasource()).with_variable(_labels("job", "Job", _JOBS, made.every_job))
        .with_variable(_labels("run", "Run", _RUNS, ".*")).annotation(_faults()).link(_others())
    )  # fmt: skip
    for title, panels in made.rows:
        whole = whole.with_row(board.Row(title))
        for panel in panels:
            whole = whole.with_panel(panel)
    built = whole.build()
    for number, each in enumerate(built.panels or [], start=1):
        each.id_val = number
    _name_targets(built)
    return built


def _name_targets(built: dashboard.Dashboard) -> None:
    for each in built.panels or []:
        if isinstance(each, dashboard.Panel):
            for letter, target in zip("ABCDEFGHIJ", each.targets or [], strict=False):
                assert isinstance(target, prometheus_model.Dataquery)
                target.ref_id = letter


def _target(query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).datasource(DATASOURCE)


def _every_line() -> common_builder.VizTooltipOptions:
    """A tooltip that compares the lines, the highest first."""
    mode, order = common.TooltipDisplayMode.MULTI, common.SortOrder.DESCENDING
    return common_builder.VizTooltipOptions().mode(mode).sort(order)


def _datasource() -> board.DatasourceVariable:
    return board.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _labels(name: str, label: str, query: str, every: str) -> board.QueryVariable:
    return (
        board.QueryVariable(name).label(label).query(query).datasource(DATASOURCE).multi(True)
        .include_all(True).all_value(every).refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .current(dashboard.VariableOption(text="All", value="$__all", selected=True))
    )  # fmt: skip


class _Shown(dashboard.AnnotationQuery):
    """An annotation with what Grafana's data source of Prometheus reads besides, which its schema leaves out.

    Without a step it asks once a minute, and misses what is shorter; without a title it says nothing.
    """

    def to_json(self) -> dict[str, object]:
        return super().to_json() | {"step": "1s", "titleFormat": f"{{{{{FAULT.label_names[0]}}}}}"}


class _Faults(board.AnnotationQuery):
    def build(self) -> dashboard.AnnotationQuery:
        return _Shown(**vars(super().build()))


def _faults() -> board.AnnotationQuery:
    shown = _Faults().name("Faults").datasource(DATASOURCE).enable(True).icon_color("red")
    return shown.expr(f"{series(FAULT)} == 1")


def _others() -> board.DashboardLink:
    link = board.DashboardLink("estorm").type(dashboard.DashboardLinkType.DASHBOARDS).tags([_TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)
