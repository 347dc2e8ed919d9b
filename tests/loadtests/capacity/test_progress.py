from loadtests.capacity.progress import Often, SearchDisplay
from loadtests.capacity.trial import TrialPlan
from loadtests.storm.progress import Tally
from tests.loadtests import attempts
from tests.loadtests.capacity.trials import RULE, changed, trial


def shown() -> tuple[SearchDisplay, list[str], list[str]]:
    said, moved = list[str](), list[str]()
    return SearchDisplay(said.append, moved.append), said, moved


def test_the_moving_line_says_step_rate_phones_p99_and_what_is_left() -> None:
    display, said, moved = shown()
    display.trying(TrialPlan("hold", 7, 23.4, 5, 30), 200.0)
    tally = Tally(690, attempts.START)
    tally.add(attempts.enrolled(index, latency=0.8) for index in range(120))
    display.storming(tally, attempts.START + 10)
    for expected in ("7 hold", "23.4/s", "120 of 690 phones", "p99 800", "3\N{NO-BREAK SPACE}min"):
        assert expected in moved[-1]
    assert not said


def test_without_a_time_budget_nothing_is_said_of_it() -> None:
    display, said, _ = shown()
    display.tried(trial(1, "hold", 20, 0.001), None)
    assert "left" not in said[0]


def test_a_verdict_says_what_broke_or_why_it_is_none() -> None:
    display, said, _ = shown()
    lost = trial(2, "rise", 40, 0.2)
    display.tried(changed(lost, cut_short="clearly lost"), 5.0)
    display.tried(changed(lost, generator_bound=True), 5.0)
    display.tried(changed(lost, problem="the ca ended by itself"), 5.0)
    assert f"broke {RULE} (ended early)" in said[0]
    assert "says nothing: the generator was the limit" in said[1]
    assert "says nothing: the ca ended by itself" in said[2]


def test_a_part_that_dies_is_told_and_what_else_a_storm_says_is_not() -> None:
    display, said, _ = shown()
    display.say("lab: RA https://127.0.0.1:1")
    display.say("the ca ended by itself (SIGKILL)")
    assert said == ["the ca ended by itself (SIGKILL)"]


def test_lines_that_move_come_now_and_then_where_nothing_can_move() -> None:
    said, moments = list[str](), iter([0.0, 5.0, 11.0, 11.0, 15.0])
    often = Often(said.append, lambda: next(moments))
    for line in ("a", "b", "c"):
        often(line)
    assert said == ["   b"]
