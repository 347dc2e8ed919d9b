"""The simulated RA: its nodes, what each keeps, and the account of every certificate."""

from collections import deque
from typing import Protocol

from loadtests.simulation.ca import STAGES, Ca
from loadtests.simulation.clockwork import Action, Clockwork
from loadtests.simulation.kept import KeptConnections
from loadtests.simulation.settings import ChainModel, Stage
from loadtests.simulation.station import Station
from testbed.ca.distributions import drawer
from testbed.ra.settings import RaSettings

_PATHS: dict[str, tuple[Stage, ...]] = {
    "two": ("login", "form", "login", "submit", "download"),
    "one": ("login", "form", "submit", "download"),
}


class Client(Protocol):
    """A phone's request, as the RA sees it; `gone` once it has hung up."""

    phone: int
    gone: bool

    def accepted(self) -> None:
        """The handshake is over: the RA, or NGINX before it, has taken the connection."""

    def answered(self, failed: Stage | None) -> None:
        """The answer: the certificate when `failed` is None, else the stage that failed."""


class Node:
    """One RA: NGINX, workers, accept queue, CPU, connections that it keeps, late certificates, their locks.

    `late` holds phones in the order in which their certificates came, and whether these were downloaded.
    Where nothing blocks, `workers` are the connections that it may hold.
    """

    def __init__(self, settings: RaSettings, cores: int, nodes: int, clock: Clockwork) -> None:
        workers, connections = settings.workers, settings.connections
        servers = workers.count if workers.blocking else workers.connections * workers.process_count
        self.workers = Station(clock, servers * nodes)
        self.cpu = Station(clock, cores * nodes)
        self.front = Station(clock, settings.nginx.worker_processes * nodes)
        self._queue = workers.queue * nodes
        self.kept: KeptConnections | None = None
        if size := settings.pool_places * nodes:
            wait_seconds = settings.timers.connect_seconds
            self.kept = KeptConnections(clock, size, connections.idle_seconds, wait_seconds)
        self.late: dict[int, bool] = {}
        self._late_limit = settings.late_certificates_kept * nodes
        self._locks: dict[int, deque[Action]] = {}

    @property
    def is_full(self) -> bool:
        """Whether the kernel's accept queue, which holds one more than it was told, takes nobody more."""
        return self.workers.queued > self._queue

    def keep(self, phone: int, *, downloaded: bool) -> int:
        """Keep what was issued for a phone; how many certificates are lost for it, the oldest ones."""
        self.late[phone] = downloaded
        if len(self.late) <= self._late_limit:
            return 0
        del self.late[next(iter(self.late))]
        return 1

    def lock(self, phone: int, action: Action) -> None:
        """Call `action` once no other enrollment with this phone's CSR is on its way to a certificate."""
        waiting = self._locks.get(phone)
        if waiting is None:
            self._locks[phone] = deque()
            action()
        else:
            waiting.append(action)

    def unlock(self, phone: int) -> None:
        """Let the next one go on."""
        waiting = self._locks[phone]
        if waiting:
            waiting.popleft()()
        else:
            del self._locks[phone]


class Ra:
    """The RA of a chain, all its nodes together.

    `delivered`, `orphaned` and `handed_out` count certificates; `timeouts` the timers that went off, by
    stage, and `false_timeouts` those after which the CA's answer did come; `unconnected` are connections to
    the CA, or places in the pool, that were not to be had in time.
    """

    def __init__(self, model: ChainModel, ca: Ca, clock: Clockwork) -> None:
        settings, self.clock, self.ca = model.ra, clock, ca
        timers = settings.timers
        cores, count = model.overheads.cores, model.ra_nodes
        if model.balancing == "one_queue":
            self.nodes = [Node(settings, cores, count, clock)]
        else:
            self.nodes = [Node(settings, cores, 1, clock) for _ in range(count)]
        self._is_sticky, self._turn = model.balancing == "sticky", 0
        self.blocks = settings.workers.blocking
        self.behind_nginx = settings.front == "nginx"
        self.cpu_seconds = model.overheads.ra_cpu_seconds
        self.front_cpu_seconds = model.overheads.ra_front_cpu_seconds
        self.path = _PATHS[settings.connections.handles]
        self.keeps_one = settings.connections.handles == "one"
        self.timers: dict[Stage, float] = {
            "login": timers.login_seconds, "form": timers.form_seconds,
            "submit": timers.submit_seconds, "download": timers.download_seconds,
        }  # fmt: skip
        self.total_seconds = timers.total_seconds
        self.retries = settings.retries
        self.call_seconds = drawer(model.overheads.call, model.seed, "call")
        self.hands_out = settings.hand_out_late_certificates
        self.timeouts = dict.fromkeys(STAGES, 0)
        self.false_timeouts = dict.fromkeys(STAGES, 0)
        self.delivered = self.orphaned = self.handed_out = self.unconnected = self.refused = 0

    def node(self, client: Client) -> Node | None:
        """The node that the client's connection goes to; None when that one's accept queue is full."""
        nodes = self.nodes
        if len(nodes) == 1:
            node = nodes[0]
        elif self._is_sticky:
            node = nodes[client.phone % len(nodes)]
        else:
            self._turn = (self._turn + 1) % len(nodes)
            node = nodes[self._turn]
        if node.is_full:
            self.refused += 1
            return None
        return node

    @property
    def kept(self) -> int:
        """Certificates that wait for their phones to come again."""
        return sum(len(node.late) for node in self.nodes)

    def busy_seconds(self) -> float:
        """How long workers were held until now, all added up."""
        return sum(node.workers.held_seconds() for node in self.nodes)

    def front_busy_seconds(self) -> float:
        """How long NGINX's processes computed until now, all added up."""
        return sum(node.front.held_seconds() for node in self.nodes)

    def pool_busy_seconds(self) -> float:
        """How long connections of the pools were taken until now, all added up."""
        return sum(node.kept.held_seconds() for node in self.nodes if node.kept)

    def cpu_busy_seconds(self) -> float:
        """How long cores computed until now, all added up."""
        return sum(node.cpu.held_seconds() for node in self.nodes)
