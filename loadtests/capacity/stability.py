"""Whether a chain behaved alike whenever it was tried alike; if not, no average says what it can do.

Two halves of one trial differ by chance. Trials that differ by far more than that had another chain before
them: a machine with other work, a CA that came up differently, a leak.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from loadtests.capacity.trial import Trial, of_step, valid

_LEAST_HOLDS = 6
_BY_CHANCE = 1e-4
# A difference that nobody would act upon is none.
_LEAST_SCATTER = 0.05
_FAR_APART = 1.25
# Phones that a rule allows to be late, in a trial whose verdict counts; and by how much it is used, or not.
_LEAST_ALLOWED, _CLEARLY = 10, 1.5
_SWAMPED = 5.0

Floats = NDArray[np.float64]


def reasons_of_instability(trials: Sequence[Trial]) -> list[str]:
    """Why these trials are not of one and the same chain; empty when they may well be."""
    known = valid(trials)
    return [*_contradictions(known), *_scatter(known)]


def _contradictions(trials: Sequence[Trial]) -> Iterator[str]:
    """A rate that held far above one that broke."""
    loaded = [trial for trial in trials if trial.plan.step != "baseline" and _is_clear(trial)]
    broken = min((trial.rate_per_second for trial in loaded if not trial.met), default=None)
    held = max((trial.rate_per_second for trial in loaded if trial.met), default=None)
    if broken and held and held > broken * _FAR_APART:
        yield f"rules broke at {broken:.4g}/s and held at {held:.4g}/s"


def _is_clear(trial: Trial) -> bool:
    """Whether the trial's verdict is not chance: enough phones, and not near the limit."""
    broken = {verdict.rule for verdict in trial.slo.rules if verdict.met is False}
    told = [margin for margin in trial.margins if margin.rule in broken or not broken]
    if any(margin.phones * margin.allowed < _LEAST_ALLOWED for margin in told):
        return False
    if broken:
        return not told or any(margin.used >= _CLEARLY for margin in told)
    return all(margin.used <= 1 / _CLEARLY for margin in told)


def _scatter(trials: Sequence[Trial]) -> Iterator[str]:
    """Analysis of variance: p50 of whole holds around a smooth curve, against that of their halves."""
    holds = [trial for trial in of_step(trials, "hold") if trial.half_p50_seconds and not _is_swamped(trial)]
    if len(holds) < _LEAST_HOLDS:
        return
    first, second = np.log([trial.half_p50_seconds or (1.0, 1.0) for trial in holds]).T
    within = float(((first - second) ** 2).mean()) / 4
    between, freedom = _around_a_curve(holds, (first + second) / 2)
    if between <= _LEAST_SCATTER**2 or within <= 0:
        return
    chance = float(fdtrc(freedom, len(holds), between / within))
    if chance < _BY_CHANCE:
        times = (between / within) ** 0.5
        yield (
            f"the p50 of {len(holds)} holds at like rates scatters {times:.1f} times as much as that "
            "of their own halves does; chance alone does so in fewer than one search of ten thousand"
        )


def _is_swamped(trial: Trial) -> bool:
    """Whether phones came faster than they could be served: such queues grow, each in its own way."""
    return any(margin.used > _SWAMPED for margin in trial.margins)


def _around_a_curve(holds: Sequence[Trial], values: Floats) -> tuple[float, int]:
    """The variance that is left around the parabola over the rate, and its degrees of freedom."""
    rates = np.log([trial.rate_per_second for trial in holds])
    rates -= rates.mean()
    design = np.column_stack([np.ones_like(rates), rates, rates**2])
    solution, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    left = values - design @ solution
    freedom = len(values) - int(rank)
    return float(left @ left) / freedom, freedom
