"""A typed client of the management API, for our server or, as far as it goes, a real challtestsrv.

with DnsClient(url) as dns:
    dns.add_a("ca.test", "127.0.0.1")
    with dns.fault(Nxdomain(host="ca.test")):
        ...                              # resolves again afterwards, whatever happened
"""

import contextlib
from collections.abc import Iterator
from typing import Literal

import msgspec

from chaos.dns.challtestsrv import (
    AddressesBody,
    ClearBody,
    DefaultBody,
    HostBody,
    PoliciesBody,
    TargetBody,
    ValueBody,
)
from chaos.dns.history import QueryLog
from chaos.dns.plan import ActiveFault, AnyFault, FaultPlan, Faults
from chaos.dns.records import CaaPolicy
from chaos.errors import DnsRefused, DnsUnreachable
from chaos.http_api import ApiWords, HttpApi


class AskedQuestion(msgspec.Struct, frozen=True, rename="pascal"):
    """A question as challtestsrv remembers it: name with its last dot, numbers of type and class."""

    name: str
    qtype: int
    qclass: int


class RequestEvent(msgspec.Struct, frozen=True, rename="pascal"):
    """A DNS request in challtestsrv's history."""

    question: AskedQuestion


_WORDS = ApiWords("DNS server", "the DNS server", "its management URL", DnsRefused, DnsUnreachable)


class DnsClient(HttpApi):
    """The API at `url`, `http://host:port`. Use as a context manager, or `close` it.

    Every call raises DnsRefused, with the API's status and words, or DnsUnreachable.
    """

    def __init__(self, url: str, timeout_seconds: float = 10.0) -> None:
        super().__init__(url, _WORDS, timeout_seconds)

    # -- challtestsrv's

    def add_a(self, host: str, *addresses: str) -> None:
        """Add IPv4 addresses to those of a name."""
        self._post("/add-a", AddressesBody(host, list(addresses)))

    def clear_a(self, host: str) -> None:
        """Forget a name's IPv4 addresses."""
        self._post("/clear-a", HostBody(host))

    def add_aaaa(self, host: str, *addresses: str) -> None:
        """Add IPv6 addresses to those of a name."""
        self._post("/add-aaaa", AddressesBody(host, list(addresses)))

    def clear_aaaa(self, host: str) -> None:
        """Forget a name's IPv6 addresses."""
        self._post("/clear-aaaa", HostBody(host))

    def add_caa(self, host: str, *policies: CaaPolicy) -> None:
        """Add CAA records to those of a name."""
        self._post("/add-caa", PoliciesBody(host, list(policies)))

    def clear_caa(self, host: str) -> None:
        """Forget a name's CAA records."""
        self._post("/clear-caa", HostBody(host))

    def set_txt(self, host: str, value: str) -> None:
        """Add a TXT record to those of a name."""
        self._post("/set-txt", ValueBody(host, value))

    def clear_txt(self, host: str) -> None:
        """Forget a name's TXT records."""
        self._post("/clear-txt", HostBody(host))

    def set_cname(self, host: str, target: str) -> None:
        """Make a name another one's alias."""
        self._post("/set-cname", TargetBody(host, target))

    def clear_cname(self, host: str) -> None:
        """Make a name its own again."""
        self._post("/clear-cname", HostBody(host))

    def set_servfail(self, host: str) -> None:
        """Answer every query for a name with SERVFAIL."""
        self._post("/set-servfail", HostBody(host))

    def clear_servfail(self, host: str) -> None:
        """Answer queries for a name again."""
        self._post("/clear-servfail", HostBody(host))

    def set_default_ipv4(self, address: str) -> None:
        """Set the IPv4 address of names that have none of their own; empty for none."""
        self._post("/set-default-ipv4", DefaultBody(address))

    def set_default_ipv6(self, address: str) -> None:
        """Set the IPv6 address of names that have none of their own; empty for none."""
        self._post("/set-default-ipv6", DefaultBody(address))

    def request_history(self, host: str) -> list[RequestEvent]:
        """What was asked about a name, oldest first."""
        return self._asked("POST", "/dns-request-history", list[RequestEvent], HostBody(host))

    def clear_request_history(self, host: str, kind: Literal["dns", "http", "tlsalpn"] = "dns") -> None:
        """Forget what was asked about a name."""
        self._post("/clear-request-history", ClearBody(host, kind))

    # -- ours

    def faults(self) -> Faults:
        """The seed and every active fault."""
        return self._asked("GET", "/faults", Faults)

    def replace_faults(self, plan: FaultPlan) -> Faults:
        """Make `plan` all there is; the dice start anew."""
        return self._asked("PUT", "/faults", Faults, plan)

    def add_fault(self, fault: AnyFault) -> ActiveFault:
        """Activate one more fault."""
        return self._asked("POST", "/faults", ActiveFault, fault)

    def end_fault(self, fault_id: int) -> None:
        """End a fault; DnsRefused (404) when it has ended already."""
        self._call("DELETE", _fault_path(fault_id))

    def end_if_active(self, fault_id: int) -> None:
        """End a fault, unless it has ended already."""
        self._end(_fault_path(fault_id))

    def end_faults(self) -> None:
        """End every fault."""
        self._call("DELETE", "/faults")

    def queries(self) -> QueryLog:
        """What was asked, and which faults struck."""
        return self._asked("GET", "/queries", QueryLog)

    def clear_queries(self) -> None:
        """Forget what was asked; numbers go on."""
        self._call("DELETE", "/queries")

    @contextlib.contextmanager
    def fault(self, fault: AnyFault) -> Iterator[ActiveFault]:
        """A fault for the length of the block, or shorter if it ends by itself."""
        active = self.add_fault(fault)
        try:
            yield active
        finally:
            self.end_if_active(active.id)

    def _post(self, path: str, body: msgspec.Struct) -> None:
        self._call("POST", path, body)


def _fault_path(fault_id: int) -> str:
    return f"/faults/{fault_id}"
