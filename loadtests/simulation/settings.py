"""What a simulated chain is made of: a scenario's settings, and what its steps cost that no setting says."""

from typing import Annotated, Literal, Self

import msgspec

from loadtests.phones.settings import RetrySettings
from loadtests.scenario import Scenario
from testbed.bounds import Seconds, Settings
from testbed.ca.capacity_settings import CapacitySettings, Duration, ServiceTime
from testbed.ra.settings import RaSettings

Stage = Literal["login", "form", "submit", "download"]
Step = Literal["login", "form", "submit", "download", "connect", "resolve"]
Balancing = Literal["round_robin", "sticky", "one_queue"]
# Of a night with ten million phones, too.
Moment = Annotated[float, msgspec.Meta(ge=0)]


class Overheads(Settings, frozen=True):
    """What steps take beside the CA's service times: the network's share, TLS, HTTP, parsing.

    `phone` is from a phone's first byte to the RA's work and back, `call` from a call of the RA to the CA's
    work and back; a new connection to the CA takes `resolve` for its name and `connect` for TCP and TLS
    beside. None takes no time. `ra_cpu_seconds` is what one enrollment costs the RA, on one of its `cores`;
    enrollments queue for these. `ra_front_cpu_seconds` is what it costs NGINX in front of the RA before it
    gets to a worker, on one of its processes.
    """

    phone: ServiceTime | None = None
    call: ServiceTime | None = None
    ra_cpu_seconds: Duration = 0.0
    cores: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    connect: ServiceTime | None = None
    resolve: ServiceTime | None = None
    ra_front_cpu_seconds: Duration = 0.0


class Outage(Settings, frozen=True):
    """The CA fails from `from_seconds` to `until_seconds`.

    `hang`: it takes requests and answers none; who still waits at its end is reset, as the lab's `ca.hang`
    does. `refuse`: it answers with an error page. `freeze`: it does nothing at all, as `ca.paused`: who
    connects waits in the handshake, and what it was at goes on when it ends. `unresolved`: its name gets no
    answer.
    """

    from_seconds: Moment
    until_seconds: Moment
    kind: Literal["hang", "refuse", "freeze", "unresolved"] = "hang"


class Slowness(Settings, frozen=True):
    """A step takes `factor` times as long from `from_seconds` to `until_seconds`.

    None is every stage at the CA, not connecting and resolving its name.
    """

    from_seconds: Moment
    until_seconds: Moment
    factor: Annotated[float, msgspec.Meta(gt=0, le=1e6)]
    stage: Step | None = None


class ChainModel(Settings, frozen=True):
    """The chain to simulate. `ra_nodes` are as many RAs as `ra` describes, `ca_nodes` as many CAs.

    The CAs share one queue. `balancing` is which RA a phone gets: each the next one, always the same one
    (where its late certificate is), or whichever has a worker free, as if all were one. A phone that cannot
    connect or shake hands gives up after `handshake_timeout_seconds` (None: its read timer's).
    """

    capacity: CapacitySettings = CapacitySettings()
    ra: RaSettings = RaSettings()
    ra_nodes: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    ca_nodes: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    read_timeout_seconds: Seconds = 10.0
    retry: RetrySettings = RetrySettings(attempts=1)
    overheads: Overheads = Overheads()
    outages: tuple[Outage, ...] = ()
    slowness: tuple[Slowness, ...] = ()
    seed: int = 1
    handshake_timeout_seconds: Seconds | None = None
    balancing: Balancing = "round_robin"

    @classmethod
    def of(cls, scenario: Scenario, overheads: Overheads = Overheads()) -> Self:  # noqa: B008 - frozen
        """The chain that a storm of `scenario` runs against."""
        return cls(
            capacity=scenario.ca.capacity,
            ra=scenario.ra,
            read_timeout_seconds=scenario.phones.read_timeout_seconds,
            retry=scenario.phones.retry,
            overheads=overheads,
            seed=scenario.seed or 1,
            handshake_timeout_seconds=scenario.phones.handshake_timeout_seconds,
        )
