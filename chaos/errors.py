"""What chaos can fail with.

ChaosError
└── FaultNotInjected   a fault did not take hold, so nothing that follows would be its effect
"""


class ChaosError(Exception):
    """A fault cannot do what was asked; the text is one line that says why and what to do."""


class FaultNotInjected(ChaosError):
    """The fault did not take hold."""
