import msgspec
import pytest

from loadtests.capacity.bottleneck import Failing
from loadtests.capacity.trial import Trial
from loadtests.report.capacity import headline, remarks, render_capacity, state
from tests.loadtests.report.capacity_run import capacity, models, trial
from tests.loadtests.report.hostile import HOSTILE
from tests.loadtests.report.test_page import Elements

COMMAND = "estorm capacity scenario.toml --seed 7"


def text(**known: object) -> str:
    return Elements(render_capacity("run-1", capacity(**known), None, 'name = "knee"\n', COMMAND)).text


def test_the_answer_its_interval_and_what_gives_first_are_in_words() -> None:
    page = text()
    assert "✓ 44/s can be sustained (95 % interval 43/s to 45.5/s)" in page
    assert "What gives first: the RA's workers ." in page
    assert "the RA's workers could do 50 enrollments a second at most." in page
    assert "The rule that breaks first: latency_p99_seconds <= 1s." in page


def test_what_most_calls_fail_by_is_a_sentence() -> None:
    said = "Where a rule broke, 75% of the RA's failed calls to the CA were in the stage submit: denied."
    assert said in text(failing=Failing("submit", "denied", 0.75))
    assert "failed calls" not in text()


def test_every_trial_is_in_the_table() -> None:
    page = text()
    assert "1 baseline one at a time 5/s 1,000 200 ms 500 ms 0 % ✓ held" in page
    assert "8 rise 60/s 50/s 1,000 2.7 s 20.5 s 0 % ✗ broke broke latency_p99_seconds <= 1s" in page


def test_a_generator_s_limit_is_not_called_capacity() -> None:
    page = text(
        generator_bound=True, sustainable_rate_per_second=None, interval_95=None, bottleneck="generator"
    )
    assert "? The chain's capacity was not found" in page
    assert "The generator was the limit: the chain held 45/s, which is not its capacity." in page
    assert "the load generator, not the chain" in page


@pytest.mark.parametrize(
    ("known", "expected", "mark"),
    [
        ({}, "met", "✓"),
        ({"demand_met": False}, "broken", "✗"),
        ({"unstable": True, "unstable_reasons": ["trials disagree"]}, "unknown", "?"),
        ({"sustainable_rate_per_second": None, "interval_95": None}, "unknown", "?"),
    ],
)
def test_the_state_of_the_answer_is_told_by_a_mark_too(
    known: dict[str, object], expected: str, mark: str
) -> None:
    assert state(capacity(**known)) == expected
    assert headline(capacity(**known)).startswith(mark)


def test_why_trials_are_unstable_or_unconfirmed_is_said() -> None:
    page = text(unstable=True, unstable_reasons=["rules broke at 40/s and held at 60/s"], confirmed=False)
    assert "Unstable: rules broke at 40/s and held at 60/s." in page
    assert "Not confirmed: the interval is wider than 10 % to both sides, or" in page


def test_that_a_server_elsewhere_shows_its_answers_only_is_said() -> None:
    elsewhere = msgspec.structs.replace(capacity().searched, target="https://est.example:8084")
    page = text(searched=elsewhere, bottleneck=None)
    assert "What gives first is not known: of a server elsewhere only its answers are seen." in page


def test_one_reason_is_told_once() -> None:
    late = "the time budget was used up while it ran"
    odd = msgspec.structs.replace(trial(9, "hold", 30.0), cut_short=late, problem=late)
    assert remarks(odd) == late


def test_remarks_say_what_kept_a_trial_from_its_plan() -> None:
    odd: Trial = msgspec.structs.replace(trial(9, "hold", 60.0), generator_bound=True, cut_short="stalled")
    assert remarks(odd) == "broke latency_p99_seconds <= 1s; generator-bound; stalled"


def test_the_models_are_told_with_what_they_are_worth() -> None:
    page = Elements(render_capacity("run-1", capacity(), models(), "", COMMAND)).text
    assert "The queueing model predicts better (leave-one-out error" in page
    assert "at most, for the RA workers" in page
    assert "the chain does not scale by it" in page


def test_a_run_without_trials_has_no_chart_and_no_script() -> None:
    none = capacity(trials=[], sustainable_rate_per_second=None, interval_95=None)
    elements = Elements(render_capacity("run-1", none, None, "", COMMAND))
    assert "No trial was made." in elements.text
    assert "script" not in {tag for tag, _ in elements.found}


def test_hostile_text_makes_no_element() -> None:
    searched = msgspec.structs.replace(capacity().searched, scenario=HOSTILE, target=HOSTILE)
    page = render_capacity(
        HOSTILE, capacity(searched=searched, why=HOSTILE, rule=HOSTILE), None, HOSTILE, HOSTILE
    )
    elements = Elements(page)
    assert "img" not in {tag for tag, _ in elements.found}
    assert [tag for tag, _ in elements.found].count("script") == 3
    assert HOSTILE not in page
