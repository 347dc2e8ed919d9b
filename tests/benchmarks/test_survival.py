"""Whether the tail of a log cut at 10 s is within its stated 95 % interval: 20 logs of each distribution."""

import click
import pytest

from loadtests.survival.survival import Survival
from tests.loadtests.survival.known import Known, gamma, lognormal, mixture, pareto, weibull

TIMERS = (12.0, 15.0, 20.0, 30.0)
LOGS, ENOUGH = 20, 18
KNOWN = (
    lognormal(2, 0.8),
    lognormal(6, 0.6),
    lognormal(0.5, 1.2),
    weibull(3, 0.7),
    weibull(6, 1.5),
    pareto(0.5, 1.2),
    pareto(1, 2),
    mixture(0.05, lognormal(0.4, 0.5), lognormal(9, 0.5)),
    mixture(0.2, lognormal(0.4, 0.5), lognormal(5, 0.7)),
    mixture(0.1, lognormal(0.5, 0.6), weibull(8, 1.2)),
    mixture(0.3, lognormal(0.5, 0.4), pareto(2, 1.5)),
    # Of no family that is fitted: the interval must be wide enough all the same.
    mixture(0.5, lognormal(1, 0.5), lognormal(6, 0.5)),
    gamma(2, 2),
    gamma(0.5, 6),
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [500, 5_000, 20_000])
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_the_tail_is_within_its_interval_in_18_of_20_logs(known: Known, size: int) -> None:
    within = dict.fromkeys(TIMERS, 0)
    width = dict.fromkeys(TIMERS, 0.0)
    for seed in range(LOGS):
        found = Survival(known.sample(seed, size))
        for seconds in TIMERS:
            share = found.share_over(seconds)
            within[seconds] += share.low <= known.share_over(seconds) <= share.high
            width[seconds] += share.width / LOGS
    for seconds in TIMERS:
        true = known.share_over(seconds)
        click.echo(
            f"{known.name}, {size} calls, > {seconds:g} s: true {true:.3%}, "
            f"within in {within[seconds]} of {LOGS}, mean width {width[seconds]:.3%}"
        )
    assert min(within.values()) >= ENOUGH
