import msgspec

from loadtests.capacity.trial import Trial
from loadtests.scaling.knee import knee
from tests.loadtests.report.capacity_run import trial


def trials(*rates: float) -> list[Trial]:
    return [trial(1, "baseline", None), *(trial(n, "rise", rate) for n, rate in enumerate(rates, 2))]


def slower(trial: Trial, factor: float) -> Trial:
    return msgspec.structs.replace(trial, latency_p50_seconds=(trial.latency_p50_seconds or 0.0) * factor)


def test_the_knee_is_where_throughput_over_latency_is_highest() -> None:
    assert knee(trials(10, 20, 30, 40, 45, 48, 60)) in (40, 45)


def test_a_curve_that_was_not_followed_to_its_knee_has_none() -> None:
    assert knee(trials(5, 10, 20, 30)) is None


def test_a_curve_whose_knee_lies_below_what_was_tried_has_none() -> None:
    assert knee([slower(each, 1.0 + each.plan.number) for each in trials(10, 11, 12, 13)]) is None


def test_of_trials_at_like_rates_no_lucky_one_decides() -> None:
    known = trials(5, 10, 20, 20.4, 20.8, 40, 45, 60)
    assert knee([slower(each, 0.4) if each.rate_per_second == 20.4 else each for each in known]) == 40


def test_two_rates_show_no_knee() -> None:
    assert knee(trials(10, 60)) is None


def test_a_trial_that_says_nothing_does_not_count() -> None:
    known = trials(10, 20, 30, 40, 45, 60)
    lost = msgspec.structs.replace(known[4], problem="the CA died", throughput_per_second=9e9)
    assert knee([*known[:4], lost, *known[5:]]) != lost.rate_per_second
