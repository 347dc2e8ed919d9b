"""One enrollment through the simulated RA. As `testbed/ra/enrollment.py` and `certsrv/client.py` have it."""

from loadtests.simulation.calling import Try
from loadtests.simulation.ra import Client, Node, Ra
from loadtests.simulation.settings import Stage

_DOWNLOAD_ALONE: tuple[Stage, ...] = ("login", "download")


class Enrollment:
    """One request of a phone, from the worker that takes it to the answer.

    `connected` is whether the connection to the CA that it uses is there, logged in.
    """

    __slots__ = (
        "_client",
        "_deadline",
        "_downloaded",
        "_handed_out",
        "_has_certificate",
        "_has_connection",
        "_has_worker",
        "_locked",
        "_node",
        "_path",
        "_step",
        "_tries",
        "connected",
        "ra",
    )

    def __init__(self, ra: Ra, node: Node, client: Client) -> None:
        self.ra, self._node, self._client = ra, node, client
        self._path = ra.path
        self._step, self._tries, self._deadline = -1, 0, 0.0
        self._has_certificate = self._downloaded = self._handed_out = self._locked = False
        self.connected = self._has_connection = self._has_worker = False
        if not ra.behind_nginx:
            node.workers.enter(self._begin)
        elif ra.front_cpu_seconds:
            node.front.enter(self._shake_hands)
        else:
            self._pass_on()

    def client_left(self) -> None:
        """The phone has hung up: its connection is one less. A worker that blocks does not see it."""
        if self._has_worker and not self.ra.blocks:
            self._leave_worker()

    def _shake_hands(self) -> bool:
        """NGINX does so, whether a worker is free or not, but with no phone that has gone."""
        if self._client.gone:
            return False
        self.ra.clock.after(self.ra.front_cpu_seconds, self._shaken)
        return True

    def _shaken(self) -> None:
        self._node.front.leave()
        if not self._client.gone:
            self._pass_on()

    def _pass_on(self) -> None:
        self._client.accepted()
        self._node.workers.enter(self._begin)

    def _begin(self) -> bool:
        """A worker is free; it finds out at the handshake, not behind NGINX, when the phone has gone."""
        client, ra = self._client, self.ra
        if not ra.behind_nginx:
            if client.gone:
                return False
            client.accepted()
        self._has_worker = True
        self._deadline = ra.clock.now + ra.total_seconds
        if ra.cpu_seconds:
            self._node.cpu.enter(self._compute)
        else:
            self._advance()
        return True

    def _compute(self) -> bool:
        self.ra.clock.after(self.ra.cpu_seconds, self._computed)
        return True

    def _computed(self) -> None:
        self._node.cpu.leave()
        self._advance()

    def _advance(self) -> None:
        self._step += 1
        self._tries = 0
        if self._step == len(self._path):
            self._end(None)
        elif self._path[self._step] == "login":
            self._connection_done()
            self._before_login()
        elif self.ra.hands_out and self.ra.keeps_one and self._path[self._step] == "submit":
            self._node.lock(self._client.phone, self._look_for_a_late_one)
        else:
            self.call()

    def _before_login(self) -> None:
        if self._step and self.ra.hands_out and not self._locked:
            self._node.lock(self._client.phone, self._look_for_a_late_one)
        else:
            self._take_connection()

    def _look_for_a_late_one(self) -> None:
        node, phone = self._node, self._client.phone
        self._locked = True
        downloaded = node.late.pop(phone, None)
        if downloaded is None:
            self._go_on()
            return
        self._handed_out = self._has_certificate = True
        self._downloaded = downloaded
        if downloaded:
            self._end(None)
        elif self.ra.keeps_one:
            self._step = len(self._path) - 1
            self.call()
        else:
            self._path, self._step = _DOWNLOAD_ALONE, 0
            self._take_connection()

    def _go_on(self) -> None:
        if self._path[self._step] == "login":
            self._take_connection()
        else:
            self.call()

    def _take_connection(self) -> None:
        kept = self._node.kept
        if kept is None:
            self.call()
        else:
            kept.take(self._got_connection, self._got_none)

    def _got_connection(self, logged_in: bool) -> None:
        self._has_connection, self.connected = True, logged_in
        if logged_in:
            self._advance()
        else:
            self.call()

    def _got_none(self) -> None:
        self.ra.unconnected += 1
        self._end("login")

    def _connection_done(self) -> None:
        if self._has_connection:
            self._has_connection = False
            assert self._node.kept is not None
            self._node.kept.give_back(logged_in=self.connected)
        self.connected = False

    def call(self) -> None:
        """Make the call of this step, for the first time or again."""
        ra, stage = self.ra, self._path[self._step]
        self._tries += 1
        seconds = ra.timers[stage]
        if ra.total_seconds and self._deadline - ra.clock.now < seconds:
            seconds = max(0.0, self._deadline - ra.clock.now)
        Try(ra, self, stage, seconds)

    def answered(self, stage: Stage) -> None:
        """The call of this step went well, in time."""
        if stage == "submit":
            self._has_certificate = True
        elif stage == "download":
            self._downloaded = True
        self._advance()

    def failed(self, stage: Stage, *, for_good: bool = False) -> None:
        """The call of this step failed; it is made again where the settings say so."""
        ra = self.ra
        may = not for_good and self._tries <= ra.retries.count and stage in ra.retries.stages
        if may and not (ra.total_seconds and ra.clock.now >= self._deadline):
            ra.clock.after(ra.retries.spacing_seconds, self.call)
        else:
            self._end(stage)

    def _end(self, failed: Stage | None) -> None:
        client = self._client
        self._connection_done()
        if self._has_worker:
            self._leave_worker()
        if self._has_certificate:
            self._settle(received=failed is None and not client.gone)
        if self._locked:
            self._node.unlock(client.phone)
        client.answered(failed)

    def _leave_worker(self) -> None:
        self._has_worker = False
        self._node.workers.leave()

    def _settle(self, *, received: bool) -> None:
        ra = self.ra
        if not received and ra.hands_out:
            ra.orphaned += self._node.keep(self._client.phone, downloaded=self._downloaded)
        elif not received:
            ra.orphaned += 1
        elif self._handed_out:
            ra.handed_out += 1
        else:
            ra.delivered += 1
