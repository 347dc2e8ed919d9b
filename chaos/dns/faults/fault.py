"""What every fault has: the queries it is for, how often it strikes, when it ends."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from chaos.dns.names import key
from chaos.dns.reply import Question, RecordType, Reply, Transport
from testbed.bounds import Seconds, Settings

Spoil = Callable[[Reply], Reply]
TypeName = Literal["A", "AAAA", "CAA", "CNAME", "TXT"]


class DnsFault(Settings, frozen=True, kw_only=True, tag_field="kind"):
    """A fault and its reach.

    `host` is the name it is for, `*.example.test` every name below, empty any. `types` and `transport`
    narrow it further. It strikes a query with `probability`; after `count` strikes (0: never) or `seconds`
    (None: never) it ends by itself.
    """

    host: Annotated[str, msgspec.Meta(max_length=255)] = ""
    types: tuple[TypeName, ...] = ()
    transport: Literal["any", "udp", "tcp"] = "any"
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    count: Annotated[int, msgspec.Meta(ge=0)] = 0
    seconds: Seconds | None = None

    @property
    def kind(self) -> str:
        """The fault's name on the wire."""
        return str(self.__struct_config__.tag)

    def covers(self, question: Question, transport: Transport) -> bool:
        """Whether the fault is for this query."""
        return (
            self.transport in ("any", transport)
            and (not self.types or question.type in {RecordType[name] for name in self.types})
            and self._covers_name(key(question.name))
        )

    def _covers_name(self, asked: str) -> bool:
        host = key(self.host)
        if host.startswith("*."):
            return asked.endswith(host[1:])
        return host in ("", asked)

    def start(self, seed: int, name: str) -> Spoil:  # noqa: ARG002 - for the faults that have chance or memory
        """What does the spoiling from now on; `seed` and `name` are of the stream its chance comes from.

        A spoil that gives back the very reply it got has not struck.
        SettingsError when a file it needs cannot be used.
        """
        return self.spoil

    def spoil(self, reply: Reply) -> Reply:
        """The reply as this fault leaves it."""
        raise NotImplementedError
