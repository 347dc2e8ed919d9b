"""Small scenarios and benches for the tests of tuning."""

import msgspec

from loadtests.scenario import Scenario
from loadtests.tuning.bench import Bench
from loadtests.tuning.conditions import Condition, chosen, conditions, default_scenario
from testbed.settings import changed


def scenario(phones: int = 120, **changes: object) -> Scenario:
    """The command's own, with fewer phones."""
    return changed(default_scenario(), {"phones.count": phones, **changes})


def bench(*names: str, phones: int = 120, **changes: object) -> Bench:
    """A bench for the conditions of these names."""
    small = scenario(phones, **changes)
    return Bench(small, chosen(conditions(small), names))


def condition(name: str, of: Scenario | None = None) -> Condition:
    """One condition."""
    (found,) = chosen(conditions(of or scenario()), [name])
    return found


def with_seed(of: Scenario, seed: int) -> Scenario:
    """The same with another seed."""
    return msgspec.structs.replace(of, seed=seed)
