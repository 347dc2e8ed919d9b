"""Trials at like rates taken together: what a trial of few phones shows is chance in good part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtests.capacity.trial import Trial, valid

# Holds lie a tenth and more apart on purpose.
_LIKE = 1.08


@dataclass(frozen=True, slots=True)
class Pool:
    """Some trials of about the same rate."""

    trials: Sequence[Trial]

    @property
    def rate_per_second(self) -> float:
        """Their mean, each as heavy as it has phones."""
        return self.mean(lambda trial: trial.rate_per_second) or 0.0

    def mean(self, value: Callable[[Trial], float | None]) -> float | None:
        """Of what trials have that value, each as heavy as it has phones; None when none has."""
        known = [(each, max(1, trial.phones)) for trial in self.trials if (each := value(trial)) is not None]
        phones = sum(weight for _, weight in known)
        return sum(each * weight for each, weight in known) / phones if known else None


def pools(trials: Sequence[Trial]) -> list[Pool]:
    """Those that were offered a rate and say something about the chain, by rate, the lowest first."""
    loaded = sorted((each for each in valid(trials) if each.plan.rate_per_second), key=_rate)
    found: list[list[Trial]] = []
    for trial in loaded:
        if found and trial.rate_per_second <= found[-1][0].rate_per_second * _LIKE:
            found[-1].append(trial)
        else:
            found.append([trial])
    return [Pool(each) for each in found]


def _rate(trial: Trial) -> float:
    return trial.rate_per_second
