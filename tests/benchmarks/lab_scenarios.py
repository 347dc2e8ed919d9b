"""Storms that are both run on the lab and simulated: a tenth of production's times, up to 30 s each."""

from typing import Literal

import msgspec

from chaos.schedule import Entry
from chaos.settings import ChaosSettings
from loadtests.arrivals.settings import ArrivalSettings, Shape
from loadtests.phones.settings import RetrySettings
from loadtests.scenario import KeyType, PhoneSettings, Scenario, SloSettings
from testbed.ca.capacity_settings import (
    CapacitySettings,
    ConstantTime,
    ExponentialTime,
    LognormalTime,
    ParetoTime,
)
from testbed.ca.settings import CaSettings
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.certsrv.settings import RaConnections, RaResolver, RaTimers
from testbed.ra.settings import RaSettings

# What the simulator calls a fault.
OUTAGES: dict[str, Literal["hang", "freeze", "unresolved"]] = {
    "ca.hang": "hang", "ca.paused": "freeze", "dns.drop": "unresolved",
}  # fmt: skip
_QUICK = RaTimers(1.0, 1.0, 1.0, 1.0, 1.0)
_PAGES = CapacitySettings(
    login=LognormalTime(0.02, 0.3), form=ConstantTime(0.02), submit=LognormalTime(0.08, 0.5),
    download=ConstantTime(0.02),
)  # fmt: skip
_BLOCKING = RaSettings(workers=RaWorkers("blocking"), timers=_QUICK)
_TWO_WORKERS = RaSettings(workers=RaWorkers("blocking", processes=2), timers=_QUICK)
_ASYNC = RaSettings(workers=RaWorkers("async"), timers=_QUICK)
_POOL = RaConnections(reuse_connections=True, pool_size=3)
_AGAIN = RetrySettings(attempts=3, spacing_seconds=3.0)


def _scenario(
    name: str,
    seed: int,
    phones: int,
    rate: float,
    ca: CapacitySettings,
    ra: RaSettings,
    *,
    read_seconds: float = 1.0,
    retry: RetrySettings = RetrySettings(attempts=1),  # noqa: B008 - frozen
    chaos: ChaosSettings | None = None,
) -> Scenario:
    return Scenario(
        name=name, seed=seed,
        phones=PhoneSettings(
            count=phones, key=KeyType.P_256, key_pool_size=50, read_timeout_seconds=read_seconds,
            handshake_timeout_seconds=read_seconds, retry=retry,
        ),
        arrivals=ArrivalSettings(shape=Shape.POISSON, rate_per_second=rate),
        slo=SloSettings(rules=("enrolled_share >= 0%",)),
        ca=CaSettings(capacity=ca, seed=seed), ra=ra, chaos=chaos,
    )  # fmt: skip


def _struck(fault: str, *, dns: bool = False) -> ChaosSettings:
    """The fault, six seconds long."""
    entry = Entry({"fault": fault}, at=6, seconds=6)
    return ChaosSettings(tcp=False, dns=dns, schedule=(entry,))


def _ca(base: CapacitySettings = _PAGES, **changes: object) -> CapacitySettings:
    return msgspec.structs.replace(base, **changes)


_CALIBRATION = _scenario("calibration", 1, 150, 8, _PAGES, _ASYNC)
_CALIBRATION_BY_NAME = msgspec.structs.replace(
    _CALIBRATION, name="calibration_by_name", chaos=ChaosSettings(tcp=False)
)

SCENARIOS = (
    _scenario("healthy", 11, 240, 12, _PAGES, _BLOCKING),
    _scenario(
        "ra_workers", 12, 260, 13, _PAGES, _TWO_WORKERS
    ),
    _scenario(
        "slow_login", 13, 200, 8, _ca(login=LognormalTime(0.5, 0.5)), _ASYNC,
        read_seconds=2.0,
    ),
    _scenario(
        "heavy_tail", 14, 240, 10, _ca(submit=ParetoTime(0.15, 1.2)), _ASYNC,
        read_seconds=0.9,
    ),
    _scenario(
        "signing_lock", 15, 210, 8, _ca(signing=ExponentialTime(0.1)), _ASYNC,
        read_seconds=3.0,
    ),
    _scenario(
        "pooled", 16, 300, 14, _ca(login=ConstantTime(0.1), workers=25),
        msgspec.structs.replace(_ASYNC, connections=_POOL),
    ),
    _scenario(
        "collapse", 17, 200, 8, _ca(signing=ConstantTime(0.1), abandoned_after_seconds=3600.0),
        _ASYNC, retry=_AGAIN, chaos=_struck("ca.hang"),
    ),
    _scenario(
        "frozen", 18, 200, 8, _PAGES, _ASYNC,
        read_seconds=3.0, retry=_AGAIN, chaos=_struck("ca.paused"),
    ),
    _scenario(
        "unresolved", 19, 160, 6, _PAGES,
        msgspec.structs.replace(_BLOCKING, resolver=RaResolver(seconds=0.5)),
        retry=_AGAIN, chaos=_struck("dns.drop", dns=True),
    ),
)  # fmt: skip


def calibration(scenario: Scenario) -> Scenario:
    """The storm that shows what steps take beside the CA's times: to ask a DNS server for the CA, too."""
    return _CALIBRATION_BY_NAME if scenario.chaos and scenario.chaos.dns else _CALIBRATION
