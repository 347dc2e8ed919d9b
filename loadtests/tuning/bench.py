"""Settings held against CA conditions in the simulator, each time with the same phones at the same times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from loadtests.scenario import Scenario
from loadtests.simulation.forecast import simulate
from loadtests.simulation.settings import Overheads
from loadtests.streams import stream
from loadtests.tuning.conditions import Condition
from loadtests.tuning.objective import Terms, Weights, mean_terms, terms
from loadtests.tuning.outcome import Outcome, Yardstick, of_forecast
from loadtests.tuning.tunables import Tunables

WINDOW_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Scored:
    """A setting, what came of it under each condition, and the weighed loss; `stopped`: given up early."""

    tunables: Tunables
    outcomes: tuple[tuple[Outcome, ...], ...]
    terms: Terms
    loss: float
    stopped: bool = False


@dataclass(frozen=True)
class Bench:
    """Simulates `scenario` under `conditions`; `phones` None: as many as the scenario has.

    Conditions that outlive a fault need all phones; `phones` shortens the others. Runs are of the scenario's
    chain with its times; the same seed gives the same arrivals and the same draws to every setting.
    """

    scenario: Scenario
    conditions: tuple[Condition, ...]
    weights: Weights = field(default_factory=Weights)
    overheads: Overheads = field(default_factory=Overheads)
    window_seconds: float = WINDOW_SECONDS

    def score(
        self,
        tunables: Tunables,
        seeds: Sequence[int],
        *,
        phones: int | None = None,
        limit: float | None = None,
    ) -> Scored:
        """What comes of the settings with each seed; over `limit` in loss the rest is not simulated."""
        outcomes: list[tuple[Outcome, ...]] = []
        found: list[Terms] = []
        for condition in self.conditions:
            outcomes.append(tuple(self.outcome(tunables, condition, seed, phones) for seed in seeds))
            found.append(mean_terms([self.terms(tunables, each) for each in outcomes[-1]]))
            so_far = sum(map(self.weights.loss, found)) / len(self.conditions)
            if limit is not None and so_far > limit:
                return Scored(tunables, tuple(outcomes), mean_terms(found), so_far, stopped=True)
        mean = mean_terms(found)
        return Scored(tunables, tuple(outcomes), mean, self.weights.loss(mean))

    def joined(self, parts: Sequence[Scored]) -> Scored:
        """One setting that was scored with some seeds here, some there."""
        outcomes = tuple(
            tuple(each for part in parts for each in part.outcomes[at]) for at in range(len(self.conditions))
        )
        tunables, mean = parts[0].tunables, mean_terms([part.terms for part in parts])
        return Scored(tunables, outcomes, mean, self.weights.loss(mean))

    def losses(self, scored: Scored) -> list[float]:
        """The loss with each seed, all conditions' mean."""
        return [
            sum(self.weights.loss(self.terms(scored.tunables, each)) for each in found) / len(found)
            for found in zip(*scored.outcomes, strict=True)
        ]

    def outcome(
        self, tunables: Tunables, condition: Condition, seed: int, phones: int | None = None
    ) -> Outcome:
        """What comes of the settings under one condition."""
        scenario = tunables.in_scenario(self.scenario)
        few = phones if condition.recovers_from is None else None
        model = condition.model(scenario, self.overheads, stream(seed, "chain").getrandbits(32))
        forecast = simulate(model, arrivals(self.scenario, seed, few))
        return of_forecast(forecast, self.yardstick(condition))

    def terms(self, tunables: Tunables, outcome: Outcome) -> Terms:
        """What is lost under an outcome."""
        ra = tunables.in_scenario(self.scenario).ra
        workers = ra.workers.count if ra.workers.blocking else 0
        return terms(outcome, self.window_seconds, workers)

    def yardstick(self, condition: Condition) -> Yardstick:
        """What the outcomes of a condition are measured by."""
        return Yardstick(self.window_seconds, condition.recovers_from)


def arrivals(scenario: Scenario, seed: int, phones: int | None = None) -> Iterator[float]:
    """When phones start in a storm of the scenario with this seed, seconds from its beginning."""
    seeded = msgspec.structs.replace(scenario, seed=seed)
    shape = seeded.shape
    assert shape is not None
    return islice(shape.offsets_seconds(scenario.phones.count), phones)
