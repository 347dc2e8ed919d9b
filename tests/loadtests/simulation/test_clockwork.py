from hypothesis import given
from hypothesis import strategies as st

from loadtests.simulation.clockwork import Clockwork

DELAYS = st.lists(st.floats(0, 100), max_size=40)


@given(DELAYS)
def test_events_happen_in_order_and_at_their_time(delays: list[float]) -> None:
    clock, seen = Clockwork(), list[float]()
    for delay in delays:
        clock.after(delay, lambda: seen.append(clock.now))
    clock.run()
    assert seen == sorted(delays)


@given(DELAYS, st.lists(st.sampled_from([1.0, 10.0, 30.0]), max_size=40))
def test_timers_and_events_share_one_order(delays: list[float], lengths: list[float]) -> None:
    clock, seen = Clockwork(), list[float]()
    for delay in delays:
        clock.after(delay, lambda: seen.append(clock.now))
    for length in lengths:
        clock.timer(length, lambda: seen.append(clock.now))
    clock.run()
    assert seen == sorted(delays + lengths)


def test_a_stopped_timer_does_not_go_off() -> None:
    clock, seen = Clockwork(), list[str]()
    stopped, alarm = (
        clock.timer(1, lambda: seen.append("timer")),
        clock.alarm(1, lambda: seen.append("alarm")),
    )
    clock.timer(2, lambda: seen.append("other"))
    stopped.stop()
    alarm.stop()
    clock.run()
    assert seen == ["other"]


def test_timers_started_by_timers_and_events_go_off_too() -> None:
    clock, seen = Clockwork(), list[float]()

    def note() -> None:
        seen.append(clock.now)

    def again() -> None:
        clock.timer(1, note)

    clock.timer(1, again)
    clock.after(5, again)
    clock.run()
    assert seen == [2, 6]


def test_of_what_is_due_at_one_moment_timers_go_first() -> None:
    clock, seen = Clockwork(), list[str]()
    clock.after(1, lambda: seen.append("event"))
    clock.timer(1, lambda: seen.append("timer"))
    clock.run()
    assert seen == ["timer", "event"]
