"""What a simulated chain is made of: a scenario's settings, and what its steps cost that no setting says."""

from typing import Annotated, Literal, Self

import msgspec

from loadtests.phones.settings import RetrySettings
from loadtests.scenario import Scenario
from testbed.bounds import Seconds, Settings
from testbed.ca.capacity_settings import CapacitySettings, Duration, ServiceTime
from testbed.ra.settings import RaSettings

Stage = Literal["login", "form", "submit", "download"]


class Overheads(Settings, frozen=True):
    """What steps take beside the CA's service times: the network's share, TLS, HTTP, parsing.

    `phone` is from a phone's first byte to the RA's work and back, `call` from a call of the RA to the CA's
    work and back; None takes no time. `ra_cpu_seconds` is what one enrollment costs the RA, on one of its
    `cores`; enrollments queue for these.
    """

    phone: ServiceTime | None = None
    call: ServiceTime | None = None
    ra_cpu_seconds: Duration = 0.0
    cores: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


class Outage(Settings, frozen=True):
    """The CA fails from `from_seconds` to `until_seconds`: it `hang`s, or `refuse`s with an error page.

    Whoever hangs when the outage ends gets no answer any more.
    """

    from_seconds: Duration
    until_seconds: Duration
    kind: Literal["hang", "refuse"] = "hang"


class Slowness(Settings, frozen=True):
    """A stage, or every one, takes `factor` times as long from `from_seconds` to `until_seconds`."""

    from_seconds: Duration
    until_seconds: Duration
    factor: Annotated[float, msgspec.Meta(gt=0, le=1e6)]
    stage: Stage | None = None


class ChainModel(Settings, frozen=True):
    """The chain to simulate. `ra_nodes` are as many RAs as `ra` describes, `ca_nodes` as many CAs."""

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
        )
