"""What a trial offers: the scenario with the trial's phones, arriving at its rate."""

import itertools
from dataclasses import dataclass

import msgspec

from loadtests.arrivals.settings import ArrivalSettings, Shape
from loadtests.capacity.trial import TrialPlan
from loadtests.errors import ScenarioError
from loadtests.phones.settings import Operation
from loadtests.scenario import MAX_PHONES, Scenario
from loadtests.streams import stream

_MOST_BASELINE_PHONES = 200


@dataclass(frozen=True, slots=True)
class Offering:
    """The scenario of one trial; `settling` phones come first and are not measured.

    Of a baseline both are open: it ends when it has seen enough.
    """

    scenario: Scenario
    settling: int

    @property
    def measured(self) -> int:
        """Phones that count."""
        return self.scenario.phones.count - self.settling


def offering(scenario: Scenario, plan: TrialPlan, seed: int) -> Offering:
    """What the trial offers; the same seed and number, the same phones at the same times."""
    scenario = _drawn(scenario, plan.number, seed)
    if plan.rate_per_second is None:
        return Offering(_with(scenario, ArrivalSettings(closed_phones=1), _MOST_BASELINE_PHONES), 0)
    arrivals = ArrivalSettings(shape=shape_of_trials(scenario), rate_per_second=plan.rate_per_second)
    shape = _with(scenario, arrivals, MAX_PHONES).shape
    assert shape is not None
    end = plan.settle_seconds + plan.measured_seconds
    offsets = list(itertools.takewhile(lambda offset: offset < end, shape.offsets_seconds(MAX_PHONES)))
    count = max(2, len(offsets))
    if scenario.target.max_phones:
        count = min(count, scenario.target.max_phones)
    settling = sum(offset < plan.settle_seconds for offset in offsets)
    return Offering(_with(scenario, arrivals, count), min(settling, count - 1))


def _drawn(scenario: Scenario, number: int, seed: int) -> Scenario:
    """With phones, arrivals and service times of this trial's own: the same again would prove nothing new."""
    drawn = stream(seed, f"trial {number}")
    ca = msgspec.structs.replace(scenario.ca, seed=drawn.getrandbits(32))
    return msgspec.structs.replace(scenario, seed=drawn.getrandbits(32), ca=ca)


def shape_of_trials(scenario: Scenario) -> Shape:
    """The scenario's own shape where it is a rate's; phones that know nothing of each other otherwise."""
    arrivals = scenario.arrivals
    return arrivals.shape if arrivals.has_rate and not arrivals.closed_phones else Shape.POISSON


def check_searchable(scenario: Scenario) -> None:
    """ScenarioError for a scenario whose phones cannot come anew in each trial, or at any rate."""
    if scenario.phones.renew_from or scenario.phones.operation is Operation.RENEW:
        raise ScenarioError("a capacity search needs new phones for each trial; it cannot renew LSCs")
    if not scenario.slo.rules:
        raise ScenarioError("a capacity search needs a rule to break; give --slo 'latency_p99_seconds <= 5s'")
    if scenario.target.max_rate_per_second and shape_of_trials(scenario) is not Shape.CONSTANT:
        raise ScenarioError(
            "--max-rate caps every single second, which phones that arrive at random exceed now and then; "
            'search with [arrivals] shape = "constant"'
        )


def _with(scenario: Scenario, arrivals: ArrivalSettings, count: int) -> Scenario:
    phones = msgspec.structs.replace(scenario.phones, count=count, keep_keys=False)
    return msgspec.structs.replace(scenario, phones=phones, arrivals=arrivals)
