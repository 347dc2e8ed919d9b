"""Two trials of one search under one Prometheus: the dashboard shows them beside each other, by their ids."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest

from loadtests.results.summary import Summary
from loadtests.scenario import parse_scenario
from loadtests.storm.measured import Silent, storm_on_lab
from loadtests.storm.prometheus import prometheus_beside
from tests.grafana import expressions
from tests.grafana.expressions import Expression
from tests.prometheus import Prometheus, needs_prometheus

pytestmark = [pytest.mark.long, needs_prometheus]
BOARD = expressions.GRAFANA / "dashboards" / "capacity-runs.json"
EXPRESSIONS = [each for each in expressions.of_dashboard(BOARD) if "annotation" not in each.where]
# Prometheus may take five seconds until it looks at new targets: a trial lasts longer.
PHONES = ((1, 54), (2, 48))
SCENARIO = parse_scenario(
    """
name = "trial"
seed = 5
[phones]
key = "p-256"
count = 54
[arrivals]
rate_per_second = 6
""",
    "here",
)


@dataclass(frozen=True)
class Trials:
    """What each of them came to, by its id."""

    prometheus: Prometheus
    summaries: dict[str, Summary]
    begin: float
    end: float


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    search = tmp_path_factory.mktemp("night") / "20261123T000000Z-capacity"
    search.mkdir()
    with prometheus_beside(search, search / "prometheus") as url:
        summaries = {}
        for number, phones in PHONES:
            count = msgspec.structs.replace(SCENARIO.phones, count=phones)
            scenario = msgspec.structs.replace(SCENARIO, phones=count, seed=number)
            folder = search / "trials" / f"{number:02}"
            found = storm_on_lab(scenario, folder, Silent(), keys=search / "trials" / "keys")
            summaries[found.folder.name] = found.summary
        runs = [each.run for each in summaries.values()]
        begin, end = runs[0].started.timestamp(), runs[1].ended.timestamp() + 1
        yield Trials(Prometheus(url), summaries, begin, end)


def test_trials_are_told_apart_by_search_and_number(trials: Trials) -> None:
    name = "20261123T000000Z-capacity/trials"
    assert list(trials.summaries) == [f"{name}/01", f"{name}/02"]
    assert [each.run.id for each in trials.summaries.values()] == list(trials.summaries)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda each: each.where)
def test_every_expression_compares_the_runs(trials: Trials, expression: Expression) -> None:
    found = trials.prometheus.drawn(expression.filled(range_seconds=120), trials.begin, trials.end)
    assert {each.metric["run"] for each in found} == set(trials.summaries)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda each: each.where)
def test_one_run_can_be_chosen(trials: Trials, expression: Expression) -> None:
    first = next(iter(trials.summaries))
    text = expression.text.replace("$run", first).replace("$job", ".*")
    chosen = Expression(expression.where, text).filled(range_seconds=120)
    found = trials.prometheus.drawn(chosen, trials.begin, trials.end)
    assert {each.metric["run"] for each in found} == {first}


def test_what_is_compared_is_each_runs_own(trials: Trials) -> None:
    for run, told in trials.summaries.items():
        enrolled = f'max_over_time(estorm_phones{{run="{run}",state="enrolled"}}[10m])'
        assert trials.prometheus.value(enrolled, trials.end) == told.phones.enrolled > 0
        (info,) = trials.prometheus.ask(f'last_over_time(estorm_run_info{{run="{run}"}}[10m])', trials.end)
        assert info.metric["id"] == run
        assert info.metric["seed"] == str(told.run.id[-1])
    assert {told.phones.enrolled for told in trials.summaries.values()} == {count for _, count in PHONES}
