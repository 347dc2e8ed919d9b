"""One proxy: an address that is listened on, an upstream, toxics, and the connections that are open."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chaos.alarms import Clock
from chaos.dice import Dice
from chaos.errors import ProxyRefused
from chaos.tcp import address
from chaos.tcp.connection import Connection
from chaos.tcp.direction import Stream
from chaos.tcp.draws import ConnectionFaults, Draw, Recent
from chaos.tcp.listener import Listener
from chaos.tcp.metrics import ProxyMeter, TcpMetrics
from chaos.tcp.toxic import Toxic


class ToxicEntry(msgspec.Struct, frozen=True):
    """A toxic as it was added to a proxy; `stream` as it was written, in any case."""

    name: str
    stream: str
    toxicity: float
    toxic: Toxic

    @property
    def direction(self) -> Stream:
        """The direction it acts on."""
        return "upstream" if self.stream.lower() == "upstream" else "downstream"


@dataclass(frozen=True, slots=True)
class Equipment:
    """What all proxies of a process share. `epoch` is the wall's clock, in seconds."""

    clock: Clock
    dice: Dice
    recent: Recent
    metrics: TcpMetrics
    buffer: memoryview
    dial_seconds: float
    epoch: Callable[[], float]


class Proxy:
    """A proxy under its name. `listen` is what was asked for until it starts, then what it got."""

    def __init__(self, name: str, listen: str, upstream: str, equipment: Equipment) -> None:
        self.name, self.listen, self.upstream = name, listen, upstream
        self.connections: set[Connection] = set()
        self._equipment = equipment
        self._toxics: dict[str, ToxicEntry] = {}
        self._listener: Listener | None = None
        self._dialling: dict[asyncio.Task[None], socket.socket] = {}
        self._numbered = 0

    # -- life

    @property
    def enabled(self) -> bool:
        """Whether it listens."""
        return self._listener is not None

    async def start(self) -> None:
        """Listen; ProxyRefused (500) when the address cannot be had."""
        if self.enabled:
            return
        listening, got = address.listen(await address.resolve(self.listen))
        self.listen = str(got)
        self._meter = ProxyMeter(self._equipment.metrics, self.name, self.listen, self.upstream)
        self._listener = Listener(listening, self._equipment.clock, self._accepted)

    def stop(self) -> None:
        """Refuse connections and close those that are open; toxics stay."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        for dialling, client in tuple(self._dialling.items()):
            dialling.cancel()
            client.close()
        for connection in tuple(self.connections):
            connection.close()

    async def differs(self, listen: str, upstream: str) -> bool:
        """Whether these are other addresses than its own; ProxyRefused (500) when `listen` is none."""
        return upstream != self.upstream or (
            listen != self.listen and str(await address.resolve(listen)) != self.listen
        )

    async def update(self, listen: str, upstream: str, *, enabled: bool) -> None:
        """Move to other addresses, and start or stop; other addresses drop the connections."""
        if await self.differs(listen, upstream):
            self.stop()
            self.listen, self.upstream = listen, upstream
        if enabled:
            await self.start()
        else:
            self.stop()

    # -- toxics

    @property
    def toxics(self) -> list[ToxicEntry]:
        """Its toxics: those towards the upstream first, each direction in the order they were added."""
        return sorted(self._toxics.values(), key=lambda entry: entry.direction != "upstream")

    def toxic(self, name: str) -> ToxicEntry | None:
        """The toxic of that name."""
        return self._toxics.get(name)

    def put_toxic(self, entry: ToxicEntry) -> None:
        """Add a toxic, or change the one of that name; open connections feel it at once."""
        self._toxics[entry.name] = entry
        for connection in tuple(self.connections):
            self._put(connection, entry)

    def remove_toxic(self, name: str) -> None:
        """Remove a toxic; open connections feel it at once."""
        entry = self._toxics.pop(name)
        for connection in tuple(self.connections):
            connection.directions[entry.direction].take(name)

    def remove_toxics(self) -> None:
        """Remove every toxic."""
        for name in tuple(self._toxics):
            self.remove_toxic(name)

    # -- connections

    def _accepted(self, client: socket.socket) -> None:
        self._numbered += 1
        faults = ConnectionFaults(self.name, self._numbered, self._equipment.epoch(), [])
        self._equipment.recent.add(faults)
        dialling = asyncio.get_running_loop().create_task(self._open(client, faults))
        self._dialling[dialling] = client
        dialling.add_done_callback(self._dialling.pop)

    async def _open(self, client: socket.socket, faults: ConnectionFaults) -> None:
        try:
            async with asyncio.timeout(self._equipment.dial_seconds):
                server = await address.dial(self.upstream)
        except (OSError, ProxyRefused):
            self._meter.dial_failed()
            client.close()
            return
        shared = (self._equipment.buffer, self._equipment.clock, self._meter)
        connection = Connection(faults, client, server, shared, self._connection_closed)
        self.connections.add(connection)
        self._meter.opened()
        for entry in self._toxics.values():
            self._put(connection, entry)
        connection.start()

    def _connection_closed(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._meter.closed()

    def _put(self, connection: Connection, entry: ToxicEntry) -> None:
        """Throw the dice for the toxic on this connection, and have it act there if they say so."""
        faults = connection.faults.faults
        start = sum(draw.toxic == entry.name for draw in faults)
        whose = (self.name, connection.faults.number, entry.direction, entry.name, start)
        applies = (
            entry.toxicity >= 1 or self._equipment.dice.stream(*whose, "toxicity").random() < entry.toxicity
        )
        faults.append(Draw(entry.name, entry.toxic.type, entry.direction, entry.toxicity, start, applies))
        if applies:
            self._meter.struck(entry.name, entry.toxic.type)
        toxic = entry.toxic if applies else None
        dice = self._equipment.dice.stream(*whose, "chunks")
        connection.directions[entry.direction].put(entry.name, toxic, dice)
