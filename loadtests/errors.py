"""What a storm can fail with before or beside its phones.

LoadtestError
├── ScenarioError     a scenario, flag or file cannot be used: names the value and what to do
├── TargetError       what was named as target does not speak EST, or cannot be reached
└── GeneratorFailed   the load generator ended by itself
"""


class LoadtestError(Exception):
    """The load test cannot do what was asked; the text is one line that says why and what to do."""


class ScenarioError(LoadtestError):
    """A scenario, flag or file has a value that cannot be used."""


class TargetError(LoadtestError):
    """The target does not speak EST, or cannot be reached."""


class GeneratorFailed(LoadtestError):
    """The load generator ended without being asked to."""
