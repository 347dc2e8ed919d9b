"""What chaos can fail with.

ChaosError
├── PlanRefused        a fault, a schedule or an experiment cannot be read: names the field and what it may be
├── FaultNotInjected   a fault did not take hold, so nothing that follows would be its effect
├── ApiRefused         a fault server's API refuses a request: HTTP status and its words
│   ├── ProxyRefused   the TCP proxy's, in Toxiproxy's words
│   ├── DnsRefused     the DNS server's
│   └── CaApiRefused   the CA's management port
├── ProxyUnreachable   the TCP proxy's API does not answer, or answers what Toxiproxy would not
├── DnsUnreachable     the DNS server's management API does not answer, or answers what ours would not
├── CaApiUnreachable   the CA's management port does not answer, or answers what ours would not
├── ControlRefused     the owner of the parts' processes cannot do what a fault wants of it
├── EndpointsUnusable  a file of endpoints cannot be used, or the chain lacks what a fault wants
├── ClockUnavailable   the clock of a process cannot be shifted on this machine
├── QueryUnreadable    bytes that should be a DNS query are not one
└── NameUnusable       a host name that no DNS packet can carry
"""


class ChaosError(Exception):
    """A fault cannot do what was asked; the text is one line that says why and what to do."""


class PlanRefused(ChaosError):
    """A fault, a schedule or an experiment is described in a way that cannot be used."""


class FaultNotInjected(ChaosError):
    """The fault did not take hold."""


class ApiRefused(ChaosError):
    """A fault server's API refuses a request; `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ProxyRefused(ApiRefused):
    """The TCP proxy's API refuses a request."""


class ProxyUnreachable(ChaosError):
    """The TCP proxy's API gives no answer that can be used."""


class DnsRefused(ApiRefused):
    """The DNS server's management API refuses a request."""


class DnsUnreachable(ChaosError):
    """The DNS server's management API gives no answer that can be used."""


class CaApiRefused(ApiRefused):
    """The CA's management port refuses a request."""


class CaApiUnreachable(ChaosError):
    """The CA's management port gives no answer that can be used."""


class ControlRefused(ChaosError):
    """The parts' owner refuses or fails."""


class EndpointsUnusable(ChaosError):
    """What should say where a chain can be broken does not, or the chain has no such thing."""


class ClockUnavailable(ChaosError):
    """There is no libfaketime that could be preloaded."""


class QueryUnreadable(ChaosError):
    """Bytes are no DNS query; `answer` is what a server sends back, None where it keeps silent."""

    def __init__(self, text: str, answer: bytes | None) -> None:
        super().__init__(text)
        self.answer = answer


class NameUnusable(ChaosError):
    """A host name cannot be put on the wire."""
