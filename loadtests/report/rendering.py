"""A page from its template: one file that carries its charts and all that draws them."""

import json
from collections.abc import Sequence

import jinja2
from markupsafe import Markup

from loadtests.report import wording
from loadtests.report.chart import Chart
from loadtests.report.packed import packed, plotly
from loadtests.report.policy import hash_source


def rendered(template: str, charts: Sequence[Chart], **context: object) -> str:
    """The template as HTML, with the `context` that it names; no chart, no script."""
    environment = _environment()
    own = _own_script(environment)
    return environment.get_template(template).render(
        figures=packed(_figures(charts)),
        plotly=plotly(),
        script=own,
        script_sources=[plotly().hash_source, hash_source(own)] if charts else [],
        **context,
    )


def _figures(charts: Sequence[Chart]) -> str:
    """The charts as Plotly reads them, by id."""
    each = (f"{json.dumps(chart.id)}:{chart.figure.to_json()}" for chart in charts)
    return "{" + ",".join(each) + "}"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("loadtests.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "seconds": wording.seconds,
        "clock": wording.clock,
        "count": wording.count,
        "share": wording.share,
        "rate": wording.rate,
        "measured": wording.measured,
        "arrivals": wording.arrivals,
    }
    return environment


def _own_script(environment: jinja2.Environment) -> Markup:
    own, _, _ = environment.loader.get_source(environment, "draw.js.j2")  # type: ignore[union-attr]
    return Markup(own)  # noqa: S704 — ours to run, no run's data is in it
