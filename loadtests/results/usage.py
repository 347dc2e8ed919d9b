"""How busy each limited thing was over a while."""

from typing import Annotated

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, description="Of the time; 1 is always")] | None
Cores = Annotated[float, Meta(ge=0, description="CPU seconds a second")] | None
Wait = Annotated[float, Meta(ge=0, description="Mean seconds")] | None


class Usage(msgspec.Struct, frozen=True):
    """Shares of what there is, 0 to 1; None where there is no limit or it could not be seen.

    A part's CPU is in cores: 1 is one core all the time, more than 1 where it has several processes. NGINX in
    front of the RA has `ra_front_cpu`, which is no part of `ra_cpu`.
    `machine_cpu` is the share of all cores that anybody used. `ra_pool` is the RA's pool of connections to
    the CA. Waits are for a worker of the RA, a page thread of the CA, the signing device, the pool.
    `stage_shares` says what the RA's time in calls to the CA went to, `failed_calls` how many of them failed
    each second, by «stage cause» as in `estorm_ra_failures_total`.
    """

    ra_workers: Share = None
    ca_threads: Share = None
    ca_signing: Share = None
    ra_cpu: Cores = None
    ca_cpu: Cores = None
    generator_cpu: Cores = None
    ra_front_cpu: Cores = None
    machine_cpu: Share = None
    ra_wait_seconds: Wait = None
    ca_wait_seconds: Wait = None
    signing_wait_seconds: Wait = None
    stage_shares: dict[str, float] = {}
    ra_pool: Share = None
    pool_wait_seconds: Wait = None
    failed_calls: dict[str, float] = {}
