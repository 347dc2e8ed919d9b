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

import pytest

from exporters import catalogue
from loadtests.results import summary
from loadtests.results.journal import JournalReader
from testbed.ca import database
from tests.grafana import expressions
from tests.grafana.expressions import Expression
from tests.prometheus import Prometheus, needs_prometheus, reopened

pytestmark = needs_prometheus
ESTORM = Path(sys.executable).with_name("estorm")
NIGHT = Path(__file__).with_name("night.toml")
SEEN_BY_A_STORM = [path for path in expressions.DASHBOARDS if path.stem != "from-the-logs"]
EXPRESSIONS = [
    *(each for path in SEEN_BY_A_STORM for each in expressions.of_dashboard(path)),
    *expressions.of_rules(),
]
# Why an expression has no data in this storm.
WITHOUT_DATA: dict[str, str] = {}


@dataclass(frozen=True)
class Night:
    folder: Path
    locust: Path
    """What the names of Locust's own CSV files begin with."""
    prometheus: Prometheus
    end: float
    """The last moment that was scraped."""
    begin: float


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    directory = tmp_path_factory.mktemp("night")
    folder = directory / "run"
    command = map(str, (ESTORM, "storm", NIGHT, "--prometheus", "--out", folder))
    done = subprocess.run(
        [*command], capture_output=True, text=True, check=False, timeout=100,
        env=os.environ | {"LOCUST_CSV": str(directory / "locust")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with reopened(folder / "prometheus", directory) as prometheus:
        seen = "timestamp(estorm_phones{state='enrolled'})"
        end = prometheus.value(f"max_over_time({seen}[10m:1s])")
        begin = prometheus.value(f"min_over_time({seen}[10m:1s])")
        yield Night(folder, directory / "locust", prometheus, end, begin)


def reason(expression: Expression) -> str | None:
    return next((why for where, why in WITHOUT_DATA.items() if re.search(where, expression.where)), None)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda each: each.where)
def test_every_expression_returns_data_or_its_reason_is_listed(night: Night, expression: Expression) -> None:
    why = reason(expression)
    for text in expressions.alternatives(expression.filled()):
        found = night.prometheus.drawn(text, night.begin, night.end)
        assert bool(found) != bool(why), f"{text}\n{why}"


def test_an_alert_is_looked_at_without_its_limits() -> None:
    text = 'sum (increase(a_total[10m])) > 0 or sum by (job) (b{c=">= 1"}) >= 14 * 86400'
    watched = Expression("rule EstormExample", text).watched
    assert expressions.alternatives(watched) == [
        "sum (increase(a_total[10m]))",
        'sum by (job) (b{c=">= 1"})',
    ]
    assert expressions.alternatives("(a or b) - c") == ["(a or b) - c"]


def test_no_reason_is_listed_for_an_expression_that_is_gone() -> None:
    places = [each.where for each in EXPRESSIONS]
    assert [reason for reason in WITHOUT_DATA if not any(re.search(reason, place) for place in places)] == []


def test_every_metric_named_in_grafana_is_in_the_scrape(night: Night) -> None:
    named = {name for each in EXPRESSIONS for name in re.findall(r"\b(estorm_\w+|up)\b", each.text)}
    recorded = {name for each in EXPRESSIONS for name in re.findall(r"\bestorm:[\w:]+", each.text)}
    assert named | recorded <= night.prometheus.names()


def test_the_scrape_shows_what_the_documentation_lists_and_nothing_else(night: Night) -> None:
    jobs = {"estorm-load", "estorm-storm", "estorm-ra", "estorm-ca"}
    listed = {
        name
        for group in catalogue.GROUPS
        if group.job in jobs
        for each in group.families
        for name in each.series
    }
    scraped = {name for name in night.prometheus.names() if name.startswith("estorm_")}
    scraped = {name for name in scraped if not name.endswith("_created")}
    tcp = {name for name in scraped if name.startswith("estorm_tcp_")}
    assert scraped - tcp - listed == set()
    assert listed - scraped == set()


def test_labels_are_those_that_are_documented(night: Night) -> None:
    given = {"__name__", "job", "instance", "run"}
    for group in catalogue.GROUPS:
        for family in group.families:
            for name in family.series:
                for each in night.prometheus.ask(
                    f'last_over_time({name}{{job="{group.job}"}}[10m])', night.end
                ):
                    labels = set(each.metric) - given - ({"le"} if name.endswith("_bucket") else set())
                    assert labels == set(family.label_names), name


def test_no_label_holds_a_phone(night: Night) -> None:
    phones = {attempt.phone for attempt in JournalReader(night.folder).new()}
    for each in night.prometheus.ask('last_over_time({__name__=~"estorm_.+"}[10m])', night.end):
        assert not phones & set(each.metric.values())


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
