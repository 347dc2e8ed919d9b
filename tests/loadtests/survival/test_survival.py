import math

import numpy as np
import pytest
from scipy import stats

from loadtests.survival.sample import Sample
from loadtests.survival.survival import Basis, Survival
from tests.loadtests.survival.known import Known, fixed, lognormal, mixture, pareto, weibull

TIMERS = (12.0, 15.0, 20.0, 30.0)


def test_what_was_seen_is_counted_as_kaplan_and_meier_do() -> None:
    chance = np.random.default_rng(2)
    seen, cut = chance.exponential(3, 300), chance.exponential(9, 60)
    found = Survival(Sample.of(seen, cut))
    law = stats.ecdf(stats.CensoredData(uncensored=seen, right=cut)).sf
    for seconds in (0.5, 2.0, min(5.0, found.horizon_seconds)):
        share = found.share_over(seconds)
        assert share.estimate == pytest.approx(float(law.evaluate(np.array([seconds]))[0]))
        assert share.basis is Basis.SEEN
        assert share.low < float(law.evaluate(np.array([seconds]))[0]) < share.high


def test_below_the_timer_the_interval_is_that_of_a_count() -> None:
    share = Survival(Sample.of([1.0] * 90 + [5.0] * 10, [10.0] * 4)).share_over(2.0)
    exact = stats.binomtest(14, 104).proportion_ci()
    assert (share.low, share.high) == pytest.approx((exact.low, exact.high))


def test_without_a_cut_everything_is_seen() -> None:
    share = Survival(Sample.of(np.linspace(0.1, 25, 250))).share_over(30.0)
    assert (share.estimate, share.low, share.basis) == (0.0, 0.0, Basis.SEEN)
    assert share.high == pytest.approx(1 - 0.025 ** (1 / 250))


@pytest.mark.parametrize(
    "known",
    [
        lognormal(2, 0.8),
        weibull(3, 0.7),
        pareto(0.5, 1.2),
        mixture(0.2, lognormal(0.4, 0.5), lognormal(5, 0.7)),
    ],
    ids=lambda known: known.name,
)
def test_the_tail_beyond_the_timer_is_within_its_interval(known: Known) -> None:
    found = Survival(known.sample(4, 2_000))
    for seconds in TIMERS:
        share = found.share_over(seconds)
        assert share.basis is Basis.TAIL
        assert share.low <= known.share_over(seconds) <= share.high
        assert share.high < 6 * max(known.share_over(seconds), 0.002)


def test_the_best_family_is_the_one_that_the_sample_is_from() -> None:
    families = [Survival(known.sample(1, 20_000)).tail for known in (lognormal(2, 0.8), weibull(3, 0.7))]
    assert [tail and tail.family for tail in families] == ["lognormal", "weibull"]


def test_what_lies_wholly_beyond_the_timer_is_not_made_up() -> None:
    """5 % take about 25 s: a log cut at 10 s knows that they take longer, and nothing else."""
    share = Survival(mixture(0.05, lognormal(0.5, 0.5), fixed(25, 2)).sample(1, 3_000)).share_over(20.0)
    assert share.basis is Basis.BOUNDS
    assert share.estimate is None
    assert share.low == 0.0
    assert 0.05 < share.high < 0.07


def test_a_log_of_which_most_was_cut_tells_nothing_beyond() -> None:
    found = Survival(lognormal(12, 0.5).sample(1, 3_000))
    assert found.tail is None
    assert found.share_over(14.0).basis is Basis.BOUNDS


def test_a_few_calls_tell_no_tail() -> None:
    share = Survival(Sample.of([1.0, 2.0, 3.0], [10.0])).share_over(12.0)
    assert (share.basis, share.low) == (Basis.BOUNDS, 0.0)
    assert share.high > 0.5


def test_fewer_or_more_alike_calls_widen_the_interval() -> None:
    sample = lognormal(2, 0.8).sample(1, 4_000)
    alike = Sample(sample.seen, sample.cut, weight=0.2)
    for seconds in (5.0, 15.0):
        assert Survival(alike).share_over(seconds).width > 1.5 * Survival(sample).share_over(seconds).width


def test_a_longer_timer_is_never_said_to_cut_more() -> None:
    found = Survival(weibull(3, 0.7).sample(2, 2_000))
    shares = [found.share_over(seconds) for seconds in (1, 5, 9.99, 10, 10.01, 12, 20, 60, 300)]
    estimates = [share.estimate for share in shares if share.estimate is not None]
    assert estimates == sorted(estimates, reverse=True)
    assert all(0 <= share.low <= (share.estimate or 0) <= share.high <= 1 for share in shares)
    assert not any(math.isnan(share.high) for share in shares)
