"""Settings of a chain that can be broken: the table `[chaos]` of a scenario."""

from typing import Annotated

import msgspec

from chaos.schedule import Entry
from testbed.bounds import Settings

ENDPOINTS_VARIABLE = "ESTORM_ENDPOINTS"
"""The environment variable with the path of the chain's endpoints (`chaos.endpoints`)."""


class ChaosSettings(Settings, frozen=True):
    """What stands around the lab so that it can be broken.

    `tcp` is a fault proxy on each hop, `dns` the server by which the RA finds the CA, `clock` preloads
    libfaketime into RA and CA. `toxiproxy_url` uses the Toxiproxy there instead of ours. `schedule` is which
    faults strike when (`chaos.schedule`); a Grafana at `grafana_url` is told of them.
    """

    tcp: bool = True
    dns: bool = True
    clock: bool = False
    toxiproxy_url: Annotated[
        str, msgspec.Meta(pattern=r"^$|^http://[^/\s]+/?$", examples=["http://127.0.0.1:8474"])
    ] = ""
    schedule: tuple[Entry, ...] = ()
    grafana_url: Annotated[
        str, msgspec.Meta(pattern=r"^$|^https?://\S+$", examples=["https://grafana.example.com"])
    ] = ""
