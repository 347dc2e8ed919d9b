"""What chaos can fail with.

ChaosError
├── FaultNotInjected   a fault did not take hold, so nothing that follows would be its effect
├── ProxyRefused       the TCP proxy's API refuses a request: HTTP status and Toxiproxy's words
└── ProxyUnreachable   the TCP proxy's API does not answer, or answers what Toxiproxy would not
"""


class ChaosError(Exception):
    """A fault cannot do what was asked; the text is one line that says why and what to do."""


class FaultNotInjected(ChaosError):
    """The fault did not take hold."""


class ProxyRefused(ChaosError):
    """The TCP proxy's API refuses a request; `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ProxyUnreachable(ChaosError):
    """The TCP proxy's API gives no answer that can be used."""
