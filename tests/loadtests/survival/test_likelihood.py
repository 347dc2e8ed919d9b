import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar

from loadtests.survival.likelihood import fit
from loadtests.survival.sample import exceedances
from loadtests.survival.tails import FAMILIES, Family
from tests.loadtests.survival.known import Known, lognormal, weibull

LOGNORMAL, WEIBULL = FAMILIES[:2]


@pytest.mark.parametrize(
    ("family", "law", "known"),
    [
        (LOGNORMAL, stats.lognorm, lognormal(3, 0.8)),
        (WEIBULL, stats.weibull_min, weibull(5, 1.3)),
    ],
    ids=["lognormal", "weibull"],
)
def test_the_best_member_is_the_one_that_scipy_fits(
    family: Family, law: stats.rv_continuous, known: Known
) -> None:
    sample = known.sample(3, 2_000)
    censored = stats.CensoredData(uncensored=sample.seen, right=sample.cut)
    fitted = law(*law.fit(censored, floc=0))
    data = exceedances(sample, 0.0, ratio=1.005)
    ours = fit(family, data, 5.0, 0.3, 2.0)
    times = np.array([1.0, 5.0, 10.0, 20.0])
    assert ours.best_survival(times) == pytest.approx(fitted.sf(times), rel=0.02)


def test_the_interval_is_that_of_the_profile_likelihood() -> None:
    """Where log S(20) is held at an end, the best that a Weibull can do is 1.92 worse."""
    sample = weibull(6, 1.0).sample(1, 3_000)
    ours = fit(WEIBULL, exceedances(sample, 0.0, ratio=1.002), 6.0, 0.4, 1.92)
    _, low, high = ours.log_survival(20.0, ours.top - 1.92)

    def log_likelihood(power: float, log_share: float) -> float:
        law = stats.weibull_min(power, scale=20 / (-log_share) ** (1 / power))
        return float(law.logpdf(sample.seen).sum() + law.logsf(sample.cut).sum())

    def profile(log_share: float) -> float:
        found = minimize_scalar(lambda k: -log_likelihood(k, log_share), bounds=(0.3, 3), method="bounded")
        return -float(found.fun)

    best = minimize_scalar(lambda x: -profile(x), bounds=(-6, -1), method="bounded")
    assert low < best.x < high
    assert [-best.fun - profile(end) for end in (low, high)] == pytest.approx([1.92, 1.92], rel=0.1)


def test_a_region_that_is_a_ridge_is_followed_to_its_end() -> None:
    """Over a high threshold median and deviation of a lognormal can hardly be told apart."""
    sample = lognormal(1, 1.0).sample(5, 20_000)
    data = exceedances(sample, 4.0)
    ours = fit(LOGNORMAL, data, 6.0, 0.4, 3.0)
    assert np.exp(ours.shapes).max() > 1.3 * np.exp(ours.shapes).min()
    inside = ours.log_likelihoods >= ours.top - 3.0
    assert inside.sum() > 20
