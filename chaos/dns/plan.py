"""Which faults there are, and plans made of them."""

import msgspec

from chaos.dns.faults.delay import Delay
from chaos.dns.faults.drop import Drop
from chaos.dns.faults.flapping import Flapping
from chaos.dns.faults.nxdomain import Nxdomain
from chaos.dns.faults.refused import Refused
from chaos.dns.faults.servfail import Servfail
from chaos.dns.faults.short_ttl import ShortTtl
from chaos.dns.faults.truncate import Truncate
from chaos.dns.faults.wrong_address import WrongAddress
from chaos.dns.faults.wrong_id import WrongId
from chaos.dns.settings import DnsSettings
from testbed.bounds import Settings

AnyFault = (
    Delay | Drop | Flapping | Nxdomain | Refused | Servfail | ShortTtl | Truncate | WrongAddress | WrongId
)


class FaultPlan(Settings, frozen=True):
    """A set of faults and the seed of all their chance."""

    faults: tuple[AnyFault, ...] = ()
    seed: int = 1


class DnsPartSettings(DnsSettings, frozen=True):
    """What the DNS server's process is started with: its settings and what goes wrong from the start."""

    plan: FaultPlan = FaultPlan()


class ActiveFault(msgspec.Struct, frozen=True):
    """A fault as the management API shows it; `strikes` is how many replies it has spoilt."""

    id: int
    fault: AnyFault
    strikes: int


class Faults(msgspec.Struct, frozen=True):
    """The seed, and every fault that is active."""

    seed: int
    faults: tuple[ActiveFault, ...]
