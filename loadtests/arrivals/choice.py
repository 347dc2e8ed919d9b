"""From the settings of a scenario to the shape they name."""

import functools
from collections.abc import Callable

from loadtests.arrivals import settings
from loadtests.arrivals.rates import Poisson, Ramp, Steady, Step, Steps
from loadtests.arrivals.recorded import read_recorded
from loadtests.arrivals.settings import ArrivalSettings, Shape
from loadtests.arrivals.shape import Arrivals
from loadtests.arrivals.waves import ExpiryTail, MassRenewal, MorningReset
from loadtests.errors import ScenarioError
from loadtests.streams import stream


def shape_of(given: ArrivalSettings, phones: int, seed: int) -> Arrivals | None:
    """The shape for `phones` phones, its chances drawn from `seed`; None for a closed workload.

    ScenarioError names what the shape lacks, such as a file of times.
    """
    if given.closed_phones:
        return None
    source = functools.partial(stream, seed, "arrivals")
    renewal, tail = given.mass_renewal, given.expiry_tail
    makers: dict[Shape, Callable[[], Arrivals]] = {
        Shape.CONSTANT: lambda: Steady(given.rate_per_second),
        Shape.POISSON: lambda: Poisson(given.rate_per_second, source),
        Shape.RAMP: lambda: _ramp(given.ramp),
        Shape.STEPS: lambda: _steps(given.steps),
        Shape.RECORDED: lambda: _recorded(given, phones),
        Shape.MASS_RENEWAL: lambda: MassRenewal(
            renewal.batch, renewal.every_seconds, renewal.within_seconds, source
        ),
        Shape.MORNING_RESET: lambda: MorningReset(given.morning_reset.within_seconds, source),
        Shape.EXPIRY_TAIL: lambda: ExpiryTail(tail.half_life_seconds, tail.within_seconds, source),
    }
    return makers[given.shape]()


def _ramp(given: settings.RampSettings) -> Arrivals:
    return Ramp(given.from_per_second, given.to_per_second, given.seconds)


def _steps(given: tuple[settings.StepSettings, ...]) -> Arrivals:
    if not given or given[-1].rate_per_second == 0:
        raise ScenarioError(
            "the shape steps needs `arrivals.steps`, of which the last must not be a pause, such as "
            "steps = [{ rate_per_second = 10, seconds = 30 }, { rate_per_second = 50, seconds = 30 }]"
        )
    return Steps(tuple(Step(each.rate_per_second, each.seconds) for each in given))


def _recorded(given: ArrivalSettings, phones: int) -> Arrivals:
    if not given.recorded.file:
        raise ScenarioError("the shape recorded needs `arrivals.recorded.file`, a file of times in seconds")
    return read_recorded(given.recorded_path, phones)
