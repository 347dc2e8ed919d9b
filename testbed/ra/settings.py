"""Settings of the RA. The defaults are the documented values of CES (CSCvo58656: every timer is 10 s)."""

from typing import Annotated, Literal

import msgspec

from testbed.bounds import Name, Port, Settings
from testbed.metrics_settings import MetricsSettings
from testbed.ra.capacity_settings import RaNginx, RaWorkers
from testbed.ra.certsrv.settings import RaConnections, RaResolver, RaRetries, RaTimers, SecondsOrNone
from testbed.ra.est.settings import EstSettings

__all__ = [
    "RaConnections", "RaNginx", "RaResolver", "RaRetries", "RaSettings", "RaTimers", "RaWorkers",
]  # fmt: skip


class RaSettings(Settings, frozen=True):
    """The RA: where it listens, how it treats its clients, which template it asks for, how long it waits.

    `ca_host_name` is what the CA is called in its URL and certificate, for example `lab-dc.estorm.test`;
    empty: its address. `pass_unchecked_certificates` answers 200 with whatever the CA sent, as libEST does.
    `hand_out_late_certificates` keeps up to `late_certificates_kept` certificates whose clients had gone,
    for the same request to come again. A stop waits up to `drain_seconds` for enrollments in flight.
    The model of `workers` is known once made: the profile's where none was named.
    """

    port: Port = 0
    ca_host_name: Annotated[str, msgspec.Meta(max_length=253)] = ""
    template: Name = "CiscoRA"
    realm: Name = "estrealm"
    est_user: Name = "capf"
    est: EstSettings = EstSettings()
    timers: RaTimers = RaTimers()
    retries: RaRetries = RaRetries()
    connections: RaConnections = RaConnections()
    resolver: RaResolver = RaResolver()
    workers: RaWorkers = RaWorkers()
    front: Literal["embedded", "nginx"] = "embedded"
    nginx: RaNginx = RaNginx()
    pass_unchecked_certificates: bool = False
    hand_out_late_certificates: bool = False
    late_certificates_kept: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    drain_seconds: SecondsOrNone = 2.0
    metrics: MetricsSettings = MetricsSettings()

    @property
    def pool_places(self) -> int:
        """How many connections to the CA its processes keep at most, all together; 0: none are kept."""
        connections = self.connections
        return connections.pool_size * self.workers.process_count if connections.reuse_connections else 0

    def __post_init__(self) -> None:
        """Name the workers' model, so that a resolved scenario shows it."""
        workers = self.workers.resolved(profile=self.est.profile)
        msgspec.structs.force_setattr(self, "workers", workers)
