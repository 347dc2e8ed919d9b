"""Plans for chains whose limits are known: what fits, what does not, what helps."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from loadtests.errors import JournalError
from loadtests.phones.settings import RetrySettings
from loadtests.planning import document
from loadtests.planning.candidates import Asked, spacings
from loadtests.planning.document import Plan, Source, Suggestion
from loadtests.planning.goal import Goal
from loadtests.planning.page import render
from loadtests.planning.planner import Question, make_plan
from loadtests.results.slo import parse_all
from loadtests.simulation.settings import ChainModel
from tests.loadtests.planning.chains import one_thread, two_workers

SOURCE = Source("20260101T000000Z-storm", "night", "by hand")
MODEL = two_workers(retry=RetrySettings(2, 15.0))


def planned(model: ChainModel, phones: int, window_seconds: float, *rules: str) -> Plan:
    asked = Asked(phones, window_seconds, 1.0, 30.0)
    goal = Goal(tuple(parse_all(rules or ["enrolled_share >= 100%"])))
    return make_plan(Question(SOURCE, model, asked, goal, (), 5), lambda _: None)


def by_lever(plan: Plan) -> Mapping[str, list[Suggestion]]:
    return {
        lever: [each for each in plan.suggestions if each.lever == lever]
        for lever in {each.lever for each in plan.suggestions}
    }


@pytest.fixture(scope="module")
def fitting() -> Plan:
    return planned(MODEL, 100, 600.0)


@pytest.fixture(scope="module")
def too_much() -> Plan:
    return planned(MODEL, 150, 70.0)


def test_a_plan_that_fits_is_as_gentle_as_the_window_allows(fitting: Plan) -> None:
    assert fitting.fits
    assert fitting.batches
    assert fitting.expected
    assert fitting.expected.duration_seconds.high <= 600
    assert fitting.batches.size < fitting.candidates[0].largest_batch
    assert fitting.verdict[0].replace("\N{NO-BREAK SPACE}", " ").startswith("100 phones fit into 10 min")


def test_what_does_not_fit_is_said_with_what_it_needs(too_much: Plan) -> None:
    assert not too_much.fits
    assert too_much.needed_seconds
    assert too_much.needed_seconds > 70
    words = too_much.verdict[0].replace("\N{NO-BREAK SPACE}", " ")
    assert words.startswith("150 phones do not fit into 1 min 10 s at a sustainable ")
    assert too_much.most_phones < 150


def test_workers_help_where_workers_are_the_limit_and_the_ca_does_not(too_much: Plan) -> None:
    levers = by_lever(too_much)
    assert too_much.suggestions[0].lever == "RA workers"
    assert max(each.gain.expected for each in levers["RA workers"]) > 1.5
    assert levers["CA servers"][0].gain.expected == pytest.approx(1, abs=0.1)


def test_another_ca_helps_where_the_ca_is_the_limit() -> None:
    plan = planned(one_thread(), 200, 300.0, "enrolled_share >= 95%")
    assert by_lever(plan)["CA servers"][0].gain.expected > 1.3


def test_a_rule_that_one_phone_breaks_leaves_no_plan() -> None:
    plan = planned(MODEL, 100, 600.0, "latency_p99_seconds <= 10ms")
    assert (plan.fits, plan.batches, plan.needed_seconds) == (False, None, None)
    assert "not even one phone" in plan.verdict[0]
    assert "not even one phone" in render(plan)


def test_a_plan_is_read_back_as_it_was_written(fitting: Plan, tmp_path: Path) -> None:
    document.write(fitting, tmp_path / "plan.json")
    assert document.read(tmp_path / "plan.json") == fitting
    (tmp_path / "plan.json").write_bytes(msgspec.json.encode({"schema": "estorm.plan/9"}))
    with pytest.raises(JournalError, match=r"not a plan of version estorm\.plan/1"):
        document.read(tmp_path / "plan.json")


def test_the_page_has_the_answer_the_charts_and_every_change(fitting: Plan) -> None:
    page = render(fitting)
    assert fitting.verdict[0] in page
    assert all(f'id="{chart}"' in page for chart in ("phones", "busy", "bearing", "changes"))
    assert all(each.change in page for each in fitting.suggestions)


def test_spacings_make_a_sensible_number_of_batches() -> None:
    found = spacings(Asked(18_000, 4 * 3600.0, 1.0))
    assert (min(found), max(found)) == (10.0, 3600.0)
    assert spacings(Asked(10, 60.0, 20.0)) == [20.0]
