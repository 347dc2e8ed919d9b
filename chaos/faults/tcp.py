"""Every toxic as a fault of a hop, and a hop that nobody listens at."""

import contextlib
from collections.abc import Iterator
from typing import ClassVar

from chaos.curl import CLOSED, REFUSED, RESET, RESET_EARLY, SILENT, SILENT_SOON
from chaos.errors import ChaosError, FaultNotInjected
from chaos.evidence import capf_failed, failed_call
from chaos.fault import Evidence, Fault
from chaos.hold import held
from chaos.system import Hop, System
from chaos.tcp.fault import ToxicFault, fault_of
from chaos.tcp.toxics import (
    bandwidth,
    down,
    latency,
    limit_data,
    noop,
    packet_loss,
    reset_peer,
    slicer,
    slow_close,
    timeout,
)
from testbed.errors import CurlError
from testbed.est_errors import EstError
from testbed.ra.certsrv.calls import Stage


def _fails(fault: "ToxicFault | Refused", error: EstError, *failures: CurlError) -> tuple[Evidence, ...]:
    """The RA's login fails so; on the phones' hop the phone does, and the RA knows nothing of it."""
    if fault.hop == "ra-ca":
        return failed_call(Stage.LOGIN, *failures)
    return (capf_failed(error),)


def _down(fault: ToxicFault) -> tuple[Evidence, ...]:
    if fault.hop == "phone-ra":
        return (capf_failed(EstError.IP_CONNECT, EstError.SSL_CONNECT),)
    return failed_call(Stage.LOGIN, RESET_EARLY, RESET, CLOSED)


def _reset(fault: ToxicFault) -> tuple[Evidence, ...]:
    return _fails(fault, EstError.SSL_CONNECT, RESET, CLOSED)


def _closed(fault: ToxicFault) -> tuple[Evidence, ...]:
    return _fails(fault, EstError.SSL_CONNECT, CLOSED, RESET)


def _silent(fault: ToxicFault) -> tuple[Evidence, ...]:
    return _fails(fault, EstError.SSL_CONNECT, SILENT, SILENT_SOON)


def _bandwidth(fault: ToxicFault) -> tuple[Evidence, ...]:
    return () if fault.attributes["rate"] > 0 else _silent(fault)


def _latency(fault: ToxicFault) -> tuple[Evidence, ...]:
    least_ms = fault.attributes["latency"] - fault.attributes["jitter"]
    return _silent(fault) if least_ms >= 10_000 else ()


def _limit_data(fault: ToxicFault) -> tuple[Evidence, ...]:
    return () if fault.attributes["bytes"] > 0 else _closed(fault)


def _timeout(fault: ToxicFault) -> tuple[Evidence, ...]:
    return _closed(fault) if 0 < fault.attributes["timeout"] < 10_000 else _silent(fault)


Bandwidth = fault_of(bandwidth.Bandwidth, __name__, "so many kB/s get through", _bandwidth, rate=10)
Down = fault_of(down.Down, __name__, "connections are reset as soon as they are open", _down)
Latency = fault_of(latency.Latency, __name__, "data comes late", _latency, latency=1000)
LimitData = fault_of(limit_data.LimitData, __name__, "connections end after so many bytes", _limit_data)
Noop = fault_of(noop.Noop, __name__, "nothing goes wrong")
PacketLoss = fault_of(packet_loss.PacketLoss, __name__, "data is lost, and stays lost")
ResetPeer = fault_of(reset_peer.ResetPeer, __name__, "connections are reset at their first data", _reset)
Slicer = fault_of(
    slicer.Slicer, __name__, "data comes in pieces", average_size=64, size_variation=32, delay=100
)
SlowClose = fault_of(slow_close.SlowClose, __name__, "connections end late", delay=1000)
Timeout = fault_of(timeout.Timeout, __name__, "no data gets through", _timeout)


class Refused(Fault, frozen=True, kw_only=True):
    """Nobody listens: connections are refused, and those that are open end."""

    name: ClassVar[str] = "tcp.refused"
    summary: ClassVar[str] = "connections are refused"

    hop: Hop = "ra-ca"

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """The hop's proxy is stopped."""

        def stop() -> bytes:
            try:
                system.proxies.enable(self.hop, enabled=False)
            except ChaosError as error:
                raise FaultNotInjected(f"{self.name}: {error}") from error
            return b""

        def start(_: bytes) -> None:
            system.proxies.enable(self.hop)

        with held(system, f"{self.name}.{self.hop}", stop, start):
            yield

    def evidence(self) -> tuple[Evidence, ...]:
        """Curl's code 7, or the phone's."""
        return _fails(self, EstError.IP_CONNECT, REFUSED)
