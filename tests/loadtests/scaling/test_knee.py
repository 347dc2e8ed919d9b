import msgspec

from loadtests.capacity.trial import Trial
from loadtests.scaling.knee import knee
from tests.loadtests.report.capacity_run import trial


def trials(*rates: float) -> list[Trial]:
    return [trial(1, "baseline", None), *(trial(n, "rise", rate) for n, rate in enumerate(rates, 2))]


def test_the_knee_is_where_throughput_over_latency_is_highest() -> None:
    assert knee(trials(10, 20, 30, 40, 45, 48, 60)) in (40, 45)


def test_a_curve_that_was_not_followed_to_its_knee_has_none() -> None:
    assert knee(trials(5, 10, 20, 30)) is None


def test_two_rates_show_no_knee() -> None:
    assert knee(trials(10, 60)) is None


def test_a_trial_that_says_nothing_does_not_count() -> None:
    known = trials(10, 20, 30, 40, 45, 60)
    lost = msgspec.structs.replace(known[4], problem="the CA died", throughput_per_second=9e9)
    assert knee([*known[:4], lost, *known[5:]]) != lost.rate_per_second
