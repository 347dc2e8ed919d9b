"""The page of a tuning: the advice, what it gains and costs, what was simulated and what was measured."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl

from chaos.annotations import read_fault_times
from loadtests.report.chart import Shade
from loadtests.report.rendering import rendered
from loadtests.report.tuning_charts import FaultRun, draw_tuning
from loadtests.storm.run_folder import RunFolder
from loadtests.tuning import document, grid
from loadtests.tuning.document import Figures, Totals, Tune
from loadtests.tuning.wording import told

REPORT = "report.html"


class ConditionRow(msgspec.Struct, frozen=True):
    """One condition: the same numbers with the default and with the recommendation."""

    condition: str
    says: str
    default: Figures
    recommended: Figures


def write_tuning_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a tuning, from what the folder holds; its path.

    ScenarioError when it holds no tuning.
    """
    tune = document.read(folder / document.NAME)
    cells = grid.read(folder / grid.NAME).cells if (folder / grid.NAME).exists() else ()
    runs = list(fault_runs(folder, tune))
    charts = list(draw_tuning(cells, tune.front, tune.checks, runs, tune.recommended.tunables))
    page = rendered(
        "tuning.html.j2",
        charts,
        drawn=charts,
        tune=tune,
        run=folder.resolve().name,
        simulated=list(_rows(tune, tune.default.predicted, tune.recommended.predicted)),
        measured=list(_rows(tune, tune.default.measured, tune.recommended.measured)),
        state=_state(tune),
        told=told,
    )
    path = folder / REPORT
    path.write_text(page, encoding="utf-8")
    return path


def fault_runs(folder: Path, tune: Tune) -> Iterator[FaultRun]:
    """The lab's runs through a fault, the default's first, with their times at full scale."""
    for name in tune.conditions:
        for setting, found in (("default", tune.default), ("recommended", tune.recommended)):
            figures = found.measured.conditions.get(name) if found.measured else None
            run = RunFolder(folder / f"{name}-{setting}")
            if figures is None or figures.recovered is None or not run.enrollments.exists():
                continue
            fault_run = _fault_run(run, tune.scale, name, setting, figures)
            if fault_run:
                yield fault_run


def _fault_run(
    run: RunFolder, scale: float, condition: str, setting: str, figures: Figures
) -> FaultRun | None:
    table = pl.read_parquet(run.enrollments, columns=["intended_start", "started", "done", "enrolled"])
    struck = [each for each in read_fault_times(run.annotations) if each.started is not None]
    if table.is_empty() or not struck:
        return None
    first, last = table.select(pl.min("intended_start"), pl.max("done")).row(0)
    attempts = table.select(
        ((pl.col("started") - first) * scale).alias("started"),
        ((pl.col("done") - first) * scale).alias("ended"),
        "enrolled",
    )
    began, ended = struck[0].started, struck[-1].ended or last
    assert began is not None
    shade = Shade((began - first) * scale, (ended - first) * scale, "the CA hangs")
    seconds = figures.recovery_seconds if figures.recovered else None
    return FaultRun(condition, setting, attempts, shade, seconds)


def _rows(tune: Tune, default: Totals | None, recommended: Totals | None) -> Iterator[ConditionRow]:
    if default is None or recommended is None:
        return
    for name, after in recommended.conditions.items():
        if name in default.conditions:
            yield ConditionRow(name, tune.conditions.get(name, ""), default.conditions[name], after)


def _state(tune: Tune) -> str:
    """`met` where the recommendation is nowhere worse and every prediction was right, as the style has it."""
    if any(each.is_worse for each in tune.gains) or tune.interrupted:
        return "unknown"
    return "met" if tune.checks and all(each.agrees for each in tune.checks) else "unknown"
