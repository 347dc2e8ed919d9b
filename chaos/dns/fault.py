"""A lie about the CA's name, as a fault of the chain."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import msgspec

from chaos.dns.faults.fault import DnsFault
from chaos.dns.plan import AnyFault
from chaos.errors import ChaosError, FaultNotInjected
from chaos.fault import Evidence, Fault
from chaos.system import System

Leaves = Callable[[Any], tuple[Evidence, ...]]
# The name is the CA's, and how long it lasts is the strike's.
_GIVEN = ("host", "seconds")


class NameFault(Fault, frozen=True, kw_only=True):
    """A fault of the DNS server, on the CA's name alone."""

    lie: ClassVar[type[DnsFault]]
    leaves: ClassVar[Leaves]

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Active at the DNS server."""
        try:
            active = system.dns.add_fault(self.order(system.ca_host))
        except ChaosError as error:
            raise FaultNotInjected(f"{self.name}: {error}") from error
        try:
            yield
        finally:
            system.dns.end_if_active(active.id)

    def order(self, host: str) -> AnyFault:
        """As the DNS server takes it, about `host`."""
        return msgspec.convert({**msgspec.structs.asdict(self), "host": host}, self.lie)  # type: ignore[return-value]

    def evidence(self) -> tuple[Evidence, ...]:
        """What the table of faults says of this lie."""
        return type(self).leaves(self)


def fault_of(lie: type[DnsFault], module: str, summary: str, leaves: Leaves) -> type[NameFault]:
    """The fault that is `lie` about the CA's name, with its parameters."""
    fields = [
        (field.name, field.type, field.default)
        for field in msgspec.structs.fields(lie)
        if field.name not in _GIVEN
    ]
    made = msgspec.defstruct(
        lie.__name__, fields, bases=(NameFault,), module=module, frozen=True, kw_only=True,
        namespace={
            "__doc__": lie.__doc__, "name": f"dns.{lie.__struct_config__.tag}", "summary": summary,
            "lie": lie, "leaves": staticmethod(leaves),
        },
    )  # fmt: skip
    assert issubclass(made, NameFault)
    return made
