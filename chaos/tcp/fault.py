"""A toxic on one hop of the chain, as a fault."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from chaos.errors import ChaosError, FaultNotInjected, ProxyRefused
from chaos.fault import Evidence, Fault
from chaos.system import Hop, System
from chaos.tcp.client import Stream
from chaos.tcp.toxic import Toxic

F = TypeVar("F", bound="ToxicFault")
Leaves = Callable[[F], tuple[Evidence, ...]]
_CONFLICT = 409


def nothing(_: "ToxicFault") -> tuple[Evidence, ...]:
    """The evidence of what leaves no line for sure."""
    return ()


class ToxicFault(Fault, frozen=True, kw_only=True):
    """A toxic on `hop`, in the direction of `stream`; it strikes a share `toxicity` of the connections.

    The toxic's attributes are parameters beside these.
    """

    toxic: ClassVar[type[Toxic]]
    leaves: ClassVar[Callable[[Any], tuple[Evidence, ...]]]

    hop: Hop = "ra-ca"
    stream: Stream = "downstream"
    toxicity: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0

    @property
    def attributes(self) -> Mapping[str, float]:
        """As the proxy's API takes them."""
        return {field.name: getattr(self, field.name) for field in msgspec.structs.fields(self.toxic)}

    @contextlib.contextmanager
    def strike(self, system: System) -> Iterator[None]:
        """Added to the hop's proxy, under the first of its names that is free: chance hangs on the name."""
        with contextlib.ExitStack() as added:
            try:
                self._add(system, added)
            except ChaosError as error:
                raise FaultNotInjected(f"{self.name}: {error}") from error
            yield

    def _add(self, system: System, added: contextlib.ExitStack) -> None:
        kind = self.toxic.type
        for number in itertools.count(1):
            name = f"{kind}_{self.stream}" + (f"_{number}" if number > 1 else "")
            toxic = system.proxies.toxic(self.hop, kind, self.attributes, self.stream, self.toxicity, name)
            try:
                added.enter_context(toxic)
            except ProxyRefused as refused:
                if refused.status != _CONFLICT:
                    raise
            else:
                return

    def evidence(self) -> tuple[Evidence, ...]:
        """What the table of faults says of this toxic."""
        return type(self).leaves(self)


def fault_of(
    toxic: type[Toxic], module: str, summary: str, leaves: Leaves[ToxicFault] = nothing, **defaults: float
) -> type[ToxicFault]:
    """The fault that is `toxic`: its attributes are its parameters, with these defaults where given."""
    fields = [
        (field.name, field.type, defaults.get(field.name, field.default))
        for field in msgspec.structs.fields(toxic)
    ]
    made = msgspec.defstruct(
        toxic.__name__, fields, bases=(ToxicFault,), module=module, frozen=True, kw_only=True,
        namespace={
            "__doc__": toxic.__doc__, "name": f"tcp.{toxic.type}", "summary": summary, "toxic": toxic,
            "leaves": staticmethod(leaves),
        },
    )  # fmt: skip
    assert issubclass(made, ToxicFault)
    return made
