"""A forecast as the document that is left of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.capacity.simulated import measures_of
from loadtests.results.slo import Rule, evaluate
from loadtests.scenario import Scenario
from loadtests.simulation.document import Simulation
from loadtests.simulation.forecast import Forecast
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel
from loadtests.simulation.usage import usage_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What was simulated: the scenario, and the model that was made of it; `not_simulated` names faults."""

    scenario: Scenario
    model_from: str
    model: ChainModel
    not_simulated: list[str]
    rules: Sequence[Rule]


def told(asked: Asked, forecast: Forecast, cpu_seconds: float) -> Simulation:
    """What came of it, from the first phone's start to the last try's end."""
    scenario, model, tries = asked.scenario, asked.model, forecast.tries
    first, last = tries["started"].min(), tries["ended"].max()
    assert isinstance(first, float)
    assert isinstance(last, float)
    measures = measures_of(forecast, tries, last - first)
    return Simulation(
        scenario=scenario.name, model_from=asked.model_from, seed=model.seed, arrivals=scenario.arrivals,
        model=model, not_simulated=asked.not_simulated, measures=measures,
        slo=evaluate(asked.rules, measures), retries=tries.height - forecast.phones,
        phone_timeouts=int((tries["outcome"] == Outcome.TIMED_OUT).sum()),
        ra_timeouts=forecast.timeouts, false_timeouts=forecast.false_timeouts,
        certificates=forecast.certificates, usage=usage_of(model, forecast, last - first),
        phones_not_connected=forecast.connections_refused, ca_not_connected=forecast.unconnected,
        ca_turned_away=forecast.ca_turned_away, cpu_seconds=cpu_seconds,
    )  # fmt: skip
