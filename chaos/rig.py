"""The rig: a lab that can be broken at every joint, one owner for all of it.

    with Rig(LabSettings(), ChaosSettings(), log_directory, database, seed=7) as rig:
        rig.endpoints.write(path)      # what a foreign process needs to break it
        with rig.system() as system:
            system.control.restart("ca")

A TCP proxy stands on each hop, the RA finds the CA through a DNS server, and the parts' processes are in the
hands of the control. All of it is gone when the block is left, and when this process is.
"""

import contextlib
import time
from functools import partial
from pathlib import Path
from typing import TypeVar, get_args

import msgspec

from chaos.child import ChildServer
from chaos.clock.faketime import FakeClock, sweep_up_abandoned
from chaos.control.parts import PartsControl
from chaos.control.server import ControlServer
from chaos.dns.plan import DnsPartSettings, FaultPlan
from chaos.dns.process import DnsProcess
from chaos.endpoints import ChainSystem, ChaosEndpoints
from chaos.errors import ProxyRefused, ProxyUnreachable
from chaos.settings import ChaosSettings
from chaos.system import Clocked, Hop, Part
from chaos.tcp.client import ProxyWish, Toxiproxy
from chaos.tcp.process import ProxyProcess
from chaos.tcp.settings import TcpPartSettings
from testbed.errors import PartFailed
from testbed.lab import Lab, Wiring, direct
from testbed.ownership import Owner
from testbed.scratch import scratch_directory
from testbed.settings import LabSettings
from testbed.supervision import PartDeath

CA_HOST = "lab-dc.estorm.test"
Server = TypeVar("Server", bound=ChildServer)
_TTL_SECONDS = 3600  # Windows DNS's
_POLL_SECONDS = 0.2


class Rig(Owner):
    """The lab with what breaks it, as child processes; a context manager that starts and stops them.

    Logs go to `log_directory`, the CA's database to `database`; `seed` decides all chance of the proxies and
    the DNS server. Entering raises PartFailed with the part's own reason when one does not start,
    ClockUnavailable where there is no libfaketime to have clocks with, ProxyUnreachable or ProxyRefused when
    another's Toxiproxy does not do what is asked.
    """

    def __init__(
        self, settings: LabSettings, chaos: ChaosSettings, log_directory: Path, database: Path, seed: int
    ) -> None:
        self._settings, self._chaos, self._seed = settings, chaos, seed
        self._log_directory, self._database = log_directory, database
        self._servers: list[ChildServer] = []
        self._own_clocks: dict[Clocked, FakeClock] = {}
        self.lab: Lab
        self.endpoints: ChaosEndpoints

    def _take(self, owned: contextlib.ExitStack) -> None:
        self.endpoints = self._start(owned)

    def system(self) -> ChainSystem:
        """The chain as faults touch it; close it."""
        return ChainSystem(self.endpoints)

    @property
    def pids(self) -> dict[str, int]:
        """The processes as they are now, proxies and servers too; 0 for a part that is dead on purpose."""
        return self.lab.pids | {server.name: server.pid for server in self._servers}

    @property
    def generator_environment(self) -> dict[str, str]:
        """What the phones' process is to be started with, so that its clock can be shifted too."""
        clock = self._own_clocks.get("generator")
        return dict(clock.environment) if clock else {}

    def deaths(self) -> list[PartDeath]:
        """The parts, proxies and servers that ended by themselves; one that a fault has ended did not."""
        return self.lab.deaths() + [death for server in self._servers if (death := server.death())]

    def watch(self) -> None:
        """Block until one of them ends by itself; then raise PartFailed with its name and last log lines."""
        while not (deaths := self.deaths()):
            time.sleep(_POLL_SECONDS)
        raise PartFailed(str(deaths[0]))

    def _start(self, owned: contextlib.ExitStack) -> ChaosEndpoints:
        self._own_clocks = clocks = self._clocks(owned)
        dns = self._dns(owned)
        proxies = self._proxies(owned)
        control = owned.enter_context(ControlServer())
        wiring = Wiring(
            partial(_proxied, proxies, _bracketed(self._settings.host)) if proxies else direct,
            {part: clocks[part].environment for part in get_args(Part) if part in clocks},
        )
        settings = _resolving(self._settings, dns.address) if dns else self._settings
        self.lab = lab = owned.enter_context(Lab(settings, self._log_directory, self._database, wiring))
        control.desk.control = PartsControl(lab, clocks)
        plain = msgspec.structs.asdict(lab.endpoints)
        plain["pids"] = self.pids
        return ChaosEndpoints(
            **plain, control=control.url,
            toxiproxy=proxies.url if proxies else "", dns=dns.url if dns else "",
            ca_host=lab.ra.settings.ca_host, pki=str(lab.pki.trust_anchor.parent), seed=self._seed,
        )  # fmt: skip

    def _clocks(self, owned: contextlib.ExitStack) -> dict[Clocked, FakeClock]:
        if not self._chaos.clock:
            return {}
        directory = owned.enter_context(scratch_directory("clock"))
        sweep_up_abandoned()
        owned.callback(sweep_up_abandoned)
        return {name: owned.enter_context(FakeClock(directory / name)) for name in get_args(Clocked)}

    def _dns(self, owned: contextlib.ExitStack) -> DnsProcess | None:
        if not self._chaos.dns:
            return None
        name = self._settings.ra.ca_host_name or CA_HOST
        settings = DnsPartSettings(
            addresses={name: (self._settings.host,)}, default_ipv4="", default_ipv6="",
            ttl_seconds=_TTL_SECONDS, plan=FaultPlan(seed=self._seed),
        )  # fmt: skip
        return self._served(DnsProcess(settings, self._log_directory), owned)

    def _proxies(self, owned: contextlib.ExitStack) -> Toxiproxy | None:
        if not self._chaos.tcp:
            return None
        url = self._chaos.toxiproxy_url
        if not url:
            settings = TcpPartSettings(seed=self._seed, proxy_metrics=True)
            url = self._served(ProxyProcess(settings, self._log_directory), owned).url
        proxies = owned.enter_context(Toxiproxy(url))
        if self._chaos.toxiproxy_url:
            owned.callback(_forget_hops, proxies)
        return proxies

    def _served(self, server: Server, owned: contextlib.ExitStack) -> Server:
        self._servers.append(owned.enter_context(server))
        return server


def _resolving(settings: LabSettings, server: str) -> LabSettings:
    """The settings of a lab whose RA asks this DNS server for its CA."""
    resolver = msgspec.structs.replace(settings.ra.resolver, server=server)
    name = settings.ra.ca_host_name or CA_HOST
    ra = msgspec.structs.replace(settings.ra, ca_host_name=name, resolver=resolver)
    return msgspec.structs.replace(settings, ra=ra)


def _proxied(proxies: Toxiproxy, host: str, hop: Hop, address: str) -> str:
    """The route of a hop with a proxy in between."""
    return proxies.populate([ProxyWish(hop, address, f"{host}:0")])[0].listen


def _forget_hops(proxies: Toxiproxy) -> None:
    """Leave somebody else's Toxiproxy as it was; no matter if it has gone."""
    for hop in get_args(Hop):
        with contextlib.suppress(ProxyRefused, ProxyUnreachable):
            proxies.delete(hop)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
