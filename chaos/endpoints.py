"""Where a chain that can be broken answers: one JSON file, by which any process drives it.

with ChainSystem(read_endpoints(path)) as system:
    system.control.restart("ca")
"""

import contextlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from chaos.control.client import ControlClient
from chaos.dns.client import DnsClient
from chaos.errors import EndpointsUnusable
from chaos.settings import ENDPOINTS_VARIABLE
from chaos.tcp.client import Toxiproxy
from testbed import settings
from testbed.errors import SettingsError
from testbed.lab import Endpoints
from testbed.ownership import Closing


class ChaosEndpoints(Endpoints, frozen=True):
    """The lab's endpoints, and where the chain can be broken.

    `control` is the URL of the parts' control, `toxiproxy` of the TCP proxy's API, `dns` of the DNS server's
    (both empty where there is none). `ca_host` is the name under which the RA looks for the CA, `pki` the
    directory of keys and certificates, `seed` the run's.
    """

    control: str
    toxiproxy: str
    dns: str
    ca_host: str
    pki: str
    seed: int


def read_endpoints(path: Path) -> ChaosEndpoints:
    """The endpoints in the file at `path`; EndpointsUnusable says what is wrong with it."""
    try:
        return settings.read(path, ChaosEndpoints)
    except SettingsError as error:
        raise EndpointsUnusable(
            f"cannot use the endpoints {error}; name the file of a lab that runs with [chaos]"
        ) from error


def endpoints_path(environment: Mapping[str, str]) -> Path:
    """The file that ESTORM_ENDPOINTS names; EndpointsUnusable when it names none."""
    if not (path := environment.get(ENDPOINTS_VARIABLE)):
        raise EndpointsUnusable(
            f"no chain to break: set {ENDPOINTS_VARIABLE} to the file that "
            "`estorm lab --chaos --endpoints FILE` writes"
        )
    return Path(path)


class ChainSystem(Closing):
    """A `chaos.system.System` from its endpoints, in whatever process. `close` it, or use it as a context."""

    def __init__(self, endpoints: ChaosEndpoints) -> None:
        self.endpoints = endpoints
        self.ca_management = endpoints.management
        self.ca_host = endpoints.ca_host
        self.pki = Path(endpoints.pki)
        self.seed = endpoints.seed
        self._open = contextlib.ExitStack()

    def close(self) -> None:
        """Give the connections back."""
        self._open.close()

    @cached_property
    def control(self) -> ControlClient:
        """The control of the parts."""
        return self._open.enter_context(ControlClient(self.endpoints.control))

    @cached_property
    def proxies(self) -> Toxiproxy:
        """The TCP proxies; EndpointsUnusable where the chain has none."""
        return self._open.enter_context(Toxiproxy(_there(self.endpoints.toxiproxy, "TCP proxy", "tcp")))

    @cached_property
    def dns(self) -> DnsClient:
        """The DNS server; EndpointsUnusable where the chain has none."""
        return self._open.enter_context(DnsClient(_there(self.endpoints.dns, "DNS server", "dns")))


def _there(url: str, what: str, setting: str) -> str:
    if not url:
        raise EndpointsUnusable(f"the chain has no {what} of ours; set {setting} = true in [chaos]")
    return url
