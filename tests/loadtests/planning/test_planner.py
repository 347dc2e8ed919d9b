"""Plans for chains whose limits are known: what fits, what does not, what helps."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from loadtests.errors import JournalError
from loadtests.phones.settings import RetrySettings
from loadtests.planning import document
from loadtests.planning.batches import Batches
from loadtests.planning.candidates import Asked, spacings
from loadtests.planning.document import Plan, Source, Suggestion
from loadtests.planning.goal import Goal
from loadtests.planning.holding import breaks
from loadtests.planning.measured import MeasuredCapacity
from loadtests.planning.page import render
from loadtests.planning.planner import PROOF, Question, make_plan
from loadtests.planning.replication import chances
from loadtests.results.slo import parse_all
from loadtests.simulation.settings import ChainModel
from tests.loadtests.planning.chains import one_thread, two_workers

SOURCE = Source("20260101T000000Z-storm", "night", "by hand")
MODEL = two_workers(retry=RetrySettings(2, 15.0))


def planned(
    model: ChainModel,
    phones: int,
    window_seconds: float,
    *rules: str,
    spacing_seconds: float | None = 30.0,
    measured: MeasuredCapacity | None = None,
) -> Plan:
    asked = Asked(phones, window_seconds, 1.0, spacing_seconds)
    goal = Goal(tuple(parse_all(rules or ["enrolled_share >= 100%"])))
    return make_plan(Question(SOURCE, model, asked, goal, (), 5, measured), lambda _: None)


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
    assert words.startswith("150 phones do not fit into 1 min 10 s: ")
    assert too_much.most_phones < 150
    assert any(f"the window holds {too_much.most_phones} phones" in line for line in too_much.verdict)


def test_of_a_chain_with_room_and_without_trouble_nothing_has_to_change(fitting: Plan) -> None:
    assert any(line.startswith("nothing has to change; most would be gained by") for line in fitting.verdict)
    assert not any("spares" in line for line in fitting.verdict)


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
    assert spacings(Asked(10, 60.0, 20.0)) == [20.0, 30.0, 60.0]


def test_half_an_hour_is_tried_with_batches_every_5_s_to_5_min_and_months_with_one_an_hour() -> None:
    found = spacings(Asked(600, 1800.0, 1.0))
    assert (found[0], found[-1]) == (5.0, 300.0)
    assert spacings(Asked(600, 9000 * 3600.0, 1.0)) == [3600.0]


def test_a_window_of_a_second_is_planned_for_as_if_it_were_longer() -> None:
    assert spacings(Asked(18_000, 1.0, 1.0)) == [1.0, 5.0, 10.0, 15.0]
    plan = planned(MODEL, 300, 1.0, spacing_seconds=None)
    assert (plan.fits, plan.most_phones) == (False, 0)
    assert plan.sustainable_rate_per_second == pytest.approx(2.0, rel=0.2)
    assert any("not even one batch ends" in line for line in plan.verdict)


def test_what_larger_batches_would_break_is_said(fitting: Plan) -> None:
    assert fitting.candidates[0].limit == "enrolled_share >= 100% broken"
    assert any("larger ones: enrolled_share >= 100% broken" in line for line in fitting.verdict)


def test_the_largest_batches_that_are_promised_hold_over_the_whole_plan(too_much: Plan) -> None:
    batches = msgspec.structs.replace(
        Batches(150, 1, 30.0, 1.0), size=round(too_much.sustainable_rate_per_second * 30)
    )
    assert breaks(MODEL, batches, Goal(()), seed=99) is None


def test_timeouts_retries_and_orphans_on_the_way_are_told(too_much: Plan) -> None:
    assert too_much.expected
    assert too_much.expected.retries.expected > 0
    assert any(line.startswith("expected on the way: ") and "retries" in line for line in too_much.verdict)


def test_a_plan_has_chances_of_its_own_whatever_the_seed_of_the_run_it_was_measured_in(
    fitting: Plan,
) -> None:
    other = planned(msgspec.structs.replace(MODEL, seed=fitting.seed), 100, 600.0)
    assert other == fitting
    assert fitting.model.seed == fitting.seed
    assert len({chances(fitting.seed, purpose) for purpose in ("search", PROOF, "changes")}) == 3


def test_no_plan_fits_beyond_the_capacity_that_was_measured() -> None:
    measured = MeasuredCapacity(0.04, 0.03, 0.05, ["enrolled_share >= 100%"], confirmed=False)
    plan = planned(MODEL, 100, 600.0, measured=measured)
    assert plan.capacity
    assert (plan.fits, plan.capacity.standing) == (False, "above")
    assert "not by what was measured" in plan.verdict[0]
    assert any("do not rely on it" in line and "not confirmed" in line for line in plan.verdict)
    assert plan.verdict[0] in render(plan)


@pytest.mark.parametrize(
    ("rate", "rules", "standing"),
    [
        (2.9, ["enrolled_share >= 99%", "orphans == 0"], "below"),
        (3.1, ["orphans == 0", "enrolled_share >= 99%"], "within"),
        (5.1, ["enrolled_share >= 99%", "orphans == 0"], "above"),
        (5.1, ["enrolled_share >= 99%"], "other rules"),
    ],
)
def test_a_rate_lies_below_a_measured_interval_within_it_or_above(
    rate: float, rules: list[str], standing: str
) -> None:
    measured = MeasuredCapacity(4.0, 3.0, 5.0, ["enrolled_share >= 99%", "orphans == 0"], confirmed=True)
    assert measured.standing(rate, rules) == standing
