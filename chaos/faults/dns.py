"""Every fault of the DNS server as one of the chain, on the CA's name."""

from chaos.dns.fault import NameFault, fault_of
from chaos.dns.faults import (
    delay,
    drop,
    flapping,
    nxdomain,
    refused,
    servfail,
    short_ttl,
    truncate,
    wrong_address,
    wrong_id,
)
from chaos.evidence import ANY_HOST, failed_call
from chaos.fault import Evidence
from testbed.ca.capacity_settings import ConstantTime
from testbed.errors import CurlError
from testbed.ra.certsrv.calls import Stage
from testbed.ra.certsrv.settings import RaResolver

_PATIENCE_SECONDS = RaResolver().seconds


def _unresolved(reason: str, *others: CurlError) -> tuple[Evidence, ...]:
    return failed_call(Stage.LOGIN, CurlError(6, f"Could not resolve: {ANY_HOST} ({reason})"), *others)


def _no_such_name(_: NameFault) -> tuple[Evidence, ...]:
    return _unresolved("Domain name not found")


def _general(_: NameFault) -> tuple[Evidence, ...]:
    return _unresolved("DNS server returned general failure")


def _refused(_: NameFault) -> tuple[Evidence, ...]:
    return _unresolved("DNS server refused query")


def _silent(_: NameFault) -> tuple[Evidence, ...]:
    # The second where the RA's timer for connecting is shorter than its resolver's.
    sooner = CurlError(28, "Resolving timed out after 5000 milliseconds")
    return _unresolved("Timeout while contacting DNS servers", sooner)


def _late(fault: NameFault) -> tuple[Evidence, ...]:
    time = getattr(fault, "time", None)
    is_silence = isinstance(time, ConstantTime) and time.seconds > _PATIENCE_SECONDS
    return _silent(fault) if is_silence else ()


def _elsewhere(_: NameFault) -> tuple[Evidence, ...]:
    return failed_call(
        Stage.LOGIN, CurlError(7, f"Failed to connect to {ANY_HOST} port 443: Connection refused")
    )


def _nothing(_: NameFault) -> tuple[Evidence, ...]:
    return ()


Delay = fault_of(delay.Delay, __name__, "the CA's name resolves late", _late)
Drop = fault_of(drop.Drop, __name__, "queries for the CA's name are never answered", _silent)
Flapping = fault_of(flapping.Flapping, __name__, "every n-th query for the CA's name fails", _nothing)
Nxdomain = fault_of(nxdomain.Nxdomain, __name__, "the CA's name does not exist", _no_such_name)
Refused = fault_of(refused.Refused, __name__, "the DNS server refuses queries for the CA's name", _refused)
Servfail = fault_of(servfail.Servfail, __name__, "the DNS server fails to resolve the CA's name", _general)
ShortTtl = fault_of(short_ttl.ShortTtl, __name__, "the CA's address may not be kept", _nothing)
Truncate = fault_of(truncate.Truncate, __name__, "the CA's address is not told over UDP", _nothing)
WrongAddress = fault_of(wrong_address.WrongAddress, __name__, "the CA's name leads elsewhere", _elsewhere)
WrongId = fault_of(wrong_id.WrongId, __name__, "answers about the CA's name answer other queries", _silent)
