"""A storm with faults under a real Prometheus: every expression of grafana/ has data, and the counts agree.

The storm is over when the tests ask: they read the data that it left in its run folder.
"""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from exporters import catalogue
from loadtests.results import summary
from loadtests.results.journal import JournalReader
from testbed.ca import database
from testbed.lab import Endpoints
from tests.grafana import expressions
from tests.grafana.expressions import Expression
from tests.prometheus import Prometheus, Series, needs_prometheus, reopened

pytestmark = [pytest.mark.long, needs_prometheus]
ESTORM = Path(sys.executable).with_name("estorm")
NIGHT = Path(__file__).with_name("night.toml")
SEEN_BY_A_STORM = [path for path in expressions.DASHBOARDS if path.stem != "from-the-logs"]
EXPRESSIONS = [
    *(each for path in SEEN_BY_A_STORM for each in expressions.of_dashboard(path)),
    *expressions.of_rules(),
]
JOBS = {"estorm-load", "estorm-storm", "estorm-ra", "estorm-ca"}


@dataclass(frozen=True)
class Night:
    folder: Path
    endpoints: Path
    locust: Path
    """What the names of Locust's own CSV files begin with."""
    prometheus: Prometheus
    end: float
    """The last moment that was scraped."""
    begin: float


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    directory = tmp_path_factory.mktemp("night")
    folder, endpoints = directory / "run", directory / "endpoints.json"
    command = map(str, (ESTORM, "storm", NIGHT, "--prometheus", "--out", folder, "--endpoints", endpoints))
    done = subprocess.run(
        [*command], capture_output=True, text=True, check=False, timeout=100,
        env=os.environ | {"LOCUST_CSV": str(directory / "locust")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^prometheus: http://127\.0\.0\.1:\d+$", done.stdout, re.MULTILINE), done.stdout
    with reopened(folder / "prometheus", directory) as prometheus:
        seen = "timestamp(estorm_phones{state='enrolled'})"
        end = prometheus.value(f"max_over_time({seen}[10m:1s])")
        begin = prometheus.value(f"min_over_time({seen}[10m:1s])")
        yield Night(folder, endpoints, directory / "locust", prometheus, end, begin)


@pytest.fixture(scope="module")
def series(night: Night) -> list[Series]:
    """Every series that was scraped, as it was last."""
    return night.prometheus.ask('last_over_time({__name__=~"estorm_.+"}[10m])', night.end)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda each: each.where)
def test_every_expression_returns_data_with_the_labels_that_its_legend_names(
    night: Night, expression: Expression
) -> None:
    for text in expressions.alternatives(expression.filled()):
        found = night.prometheus.drawn(text, night.begin, night.end)
        assert found, text
        assert all(expression.legend_labels <= set(each.metric) for each in found), text


def test_an_alert_is_looked_at_without_its_limits() -> None:
    text = 'sum (increase(a_total[10m])) > 0 or sum by (job) (b{c=">= 1"}) >= 14 * 86400'
    watched = Expression("rule EstormExample", text).watched
    assert expressions.alternatives(watched) == [
        "sum (increase(a_total[10m]))",
        'sum by (job) (b{c=">= 1"})',
    ]
    assert expressions.alternatives("(a or b) - c") == ["(a or b) - c"]


def test_every_metric_named_in_grafana_is_in_the_scrape(night: Night) -> None:
    named = {name for each in EXPRESSIONS for name in re.findall(r"\b(estorm_\w+|up)\b", each.text)}
    recorded = {name for each in EXPRESSIONS for name in re.findall(r"\bestorm:[\w:]+", each.text)}
    assert named | recorded <= night.prometheus.names()


def test_every_label_named_in_grafana_is_in_the_scrape(series: list[Series]) -> None:
    named = {label for each in EXPRESSIONS for label in each.labels}
    there = {label for each in series for label in each.metric}
    assert {"job", "run", "stage", "le"} <= named
    # The probe of EST servers has a test of its own.
    assert named - {"certificate", "instance"} <= there


def test_the_scrape_shows_what_the_documentation_lists_and_nothing_else(series: list[Series]) -> None:
    listed = {
        name for group in catalogue.GROUPS if group.job in JOBS for each in group.families
        for name in each.series
    }  # fmt: skip
    scraped = {each.metric["__name__"] for each in series}
    assert {name for name in scraped if not name.endswith("_created")} == listed


def test_labels_are_those_that_are_documented(series: list[Series]) -> None:
    given = {"__name__", "job", "instance", "run"}
    documented = {
        (group.job, name): set(family.label_names)
        for group in catalogue.GROUPS for family in group.families for name in family.series
    }  # fmt: skip
    seen = set()
    for each in series:
        place = (each.metric["job"], each.metric["__name__"].removesuffix("_created"))
        if place in documented:
            seen.add(place)
            bucket = {"le"} if place[1].endswith("_bucket") else set()
            assert set(each.metric) - given - bucket == documented[place], place
    assert seen == {place for place in documented if place[0] in JOBS}


def test_no_label_holds_a_phone_an_account_or_a_password(night: Night, series: list[Series]) -> None:
    endpoints = msgspec.json.decode(night.endpoints.read_bytes(), type=Endpoints)
    secrets = {endpoints.password, endpoints.est_password, endpoints.account}
    secrets |= {attempt.phone for attempt in JournalReader(night.folder).new()}
    assert len(secrets) == 3 + 150
    assert len(series) > 1000
    shown = "\n".join({value for each in series for value in each.metric.values()})
    assert [secret for secret in secrets if secret in shown] == []
    assert "SEP" not in shown


def test_prometheus_summary_locust_and_the_cas_database_tell_the_same_counts(night: Night) -> None:
    told = summary.read(night.folder / "summary.json")
    ask = night.prometheus

    def counted(expression: str) -> int:
        # Each job is scraped at its own moment; what it said last counts.
        return round(ask.value(f"sum(last_over_time({expression}[10m]))", night.end + 5))

    assert told.generator.workers[1].phones > 0
    assert told.attempts.failed > 0
    assert counted("estorm_enrollments_started_total") == told.attempts.total
    assert counted("estorm_enrollments_intended_total") == told.attempts.total
    assert counted("estorm_enrollments_succeeded_total") == told.attempts.enrolled
    assert counted("estorm_enrollments_failed_total") == told.attempts.failed
    assert counted("estorm_enrollments_late_total") == told.arrivals.late
    assert counted("estorm_enrollment_latency_seconds_count") == told.attempts.total
    assert counted('estorm_phones{state="enrolled"}') == told.phones.enrolled
    assert counted('estorm_phones{state="failed"}') == told.phones.failed
    assert counted("estorm_phones") == told.phones.intended
    for name, count in told.attempts.outcomes.items():
        if name != "EST_ERR_NONE":
            assert counted(f'estorm_enrollments_failed_total{{est_error="{name}"}}') == count, name
    issued = len(database.issued(night.folder / "ca.sqlite"))
    assert told.orphans
    assert issued == told.attempts.enrolled + told.orphans
    assert counted("estorm_orphans") == told.orphans
    assert counted("estorm_certificates_in_delivery") == 0
    assert counted('estorm_ca_database_rows{disposition="issued"}') == issued
    assert counted('estorm_ca_dispositions_total{disposition="issued"}') == issued


def test_locusts_own_statistics_tell_the_same_counts(night: Night) -> None:
    log = (night.folder / "logs" / "generator.log").read_text()
    (row,) = re.findall(r"^EST +simpleenroll +(\d+) +(\d+)\(", log, re.MULTILINE)
    ask = night.prometheus
    assert int(row[0]) == round(ask.value("sum(estorm_enrollments_started_total)", night.end))
    assert int(row[1]) == round(ask.value("sum(estorm_enrollments_failed_total)", night.end))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_locusts_csv_files_tell_the_same_counts(night: Night) -> None:
    ask, told = night.prometheus, summary.read(night.folder / "summary.json").attempts
    (row,) = [each for each in rows(Path(f"{night.locust}_stats.csv")) if each["Type"] == "EST"]
    assert row["Name"] == "simpleenroll"
    assert int(row["Request Count"]) == told.total
    assert int(row["Request Count"]) == round(ask.value("sum(estorm_enrollments_started_total)", night.end))
    assert int(row["Failure Count"]) == told.failed
    assert int(row["Failure Count"]) == round(ask.value("sum(estorm_enrollments_failed_total)", night.end))
    failures = rows(Path(f"{night.locust}_failures.csv"))
    assert sum(int(each["Occurrences"]) for each in failures) == told.failed
