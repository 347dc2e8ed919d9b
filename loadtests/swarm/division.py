"""A fleet divided among Locust's workers, on this machine or on several.

                          master                                worker
    test starts           calls each until it answers ------>   answers as soon as it can hear
                          assigns a shard to each     ------>   prepares it: keys, chain, files
                          waits until all are ready   <------   ready
                          asks the time               ------>
                          compares clocks             <------   its time
                          says go, and when           ------>   starts its clock, set to the master's
                          waits until all have ended  <------   ended
    test stops early      says finish, waits          ------>   starts no more, lets phones end

Locust takes a worker for ready before the worker can hear any message of these, hence the calls.

A worker that got no shard, because it joined after the start, enrolls nothing and says so. Options reach the
workers the way Locust sends them: unencrypted, the EST password among them.
"""

import logging
import time
from dataclasses import dataclass, field

import gevent  # type: ignore[import-untyped]
import msgspec
from gevent.event import Event  # type: ignore[import-untyped]
from locust.env import Environment
from locust.rpc import Message
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from loadtests.arrivals.schedule import Shard
from loadtests.errors import GeneratorFailed, LoadtestError, ScenarioError
from loadtests.swarm.clocks import Ahead, Question, compare, steady_clock
from loadtests.swarm.drive import Drive
from loadtests.swarm.exporting import exporting_of, meter_of
from loadtests.swarm.faults import announce_start
from loadtests.swarm.fleet import Fleet
from loadtests.swarm.locust_run import complain, end_test, options_of, reporter
from loadtests.swarm.options import LoadOptions

_CALL, _PRESENT = "estorm_call", "estorm_present"
_ASSIGN, _ASK, _GO, _FINISH = "estorm_shard", "estorm_time", "estorm_go", "estorm_finish"
_TOLD = "estorm_told"
_READY, _ENDED = "estorm_ready", "estorm_ended"
_CALL_SECONDS = 0.25
_PRESENCE_SECONDS = 60.0
_LOST_POLL_SECONDS = 0.5
_FINISH_GRACE_SECONDS = 5.0
_CLOCKS_SECONDS = 2.0
_AHEAD_OF_GO_SECONDS = 0.25


class Assignment(msgspec.Struct, frozen=True):
    """What the master gives a worker: its shard, in which of the run's starts."""

    number: int
    count: int
    run: int


class Progress(msgspec.Struct, frozen=True):
    """What a worker tells the master; `error` is why it ended by itself."""

    run: int
    error: str | None = None


class Go(msgspec.Struct, frozen=True):
    """When the run starts by the master's clock, and how far the worker's is ahead of that."""

    at: float
    ahead_seconds: float = 0.0
    uncertainty_seconds: float = 0.0


class WorkerConductor:
    """A worker: drives the shard that the master gives it."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._assignment: Assignment | None = None
        self._run = 0
        self._drive: Drive | None = None
        runner.register_message(_CALL, self._called)
        runner.register_message(_ASSIGN, self._assigned)
        runner.register_message(_ASK, self._asked)
        runner.register_message(_GO, self._go)
        runner.register_message(_FINISH, self._finish, concurrent=True)

    @property
    def fleet(self) -> Fleet | None:
        """The phones of this worker's shard."""
        return self._drive.fleet if self._drive else None

    def start(self) -> None:
        """Prepare the shard that was assigned before the test started."""
        assigned, self._assignment, self._drive = self._assignment, None, None
        if assigned is None:
            logging.getLogger(__name__).warning(
                "this worker has no part of the fleet: it joined after the start and enrolls nothing"
            )
            return
        self._run = assigned.run
        try:
            options = options_of(self._environment)
        except ScenarioError as error:
            self.ended(error)
            return
        shard = Shard(assigned.number, assigned.count)
        report = reporter(self._environment, options)
        meter = meter_of(self._environment, options)
        self._drive = Drive(Fleet(options, shard, report, self._run, meter), self)

    def stop(self) -> None:
        """Let the phones under way end."""
        if self._drive:
            self._drive.stop()

    def ready(self) -> None:
        """Tell the master."""
        self._tell(_READY, Progress(self._run))

    def ended(self, error: LoadtestError | None) -> None:
        """Tell the master."""
        self._tell(_ENDED, Progress(self._run, str(error) if error else None))

    def _tell(self, kind: str, progress: Progress) -> None:
        self._runner.send_message(kind, msgspec.to_builtins(progress))

    def _called(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        self._runner.send_message(_PRESENT)

    def _assigned(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        self._assignment = msgspec.convert(msg.data, Assignment)

    def _asked(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        if self._drive:
            answer = Question(msgspec.convert(msg.data, Question).sent, self._drive.fleet.now())
            self._runner.send_message(_TOLD, msgspec.to_builtins(answer))

    def _go(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        if self._drive:
            go = msgspec.convert(msg.data, Go)
            self._drive.fleet.set_clock_back(Ahead(go.ahead_seconds, go.uncertainty_seconds))
            self._drive.go(go.at)

    def _finish(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        self.stop()


@dataclass(slots=True)
class _Shards:
    """How far the workers of one run are; who has ended is ready too."""

    workers: tuple[str, ...] = ()
    ready: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    ahead: dict[str, Ahead] = field(default_factory=dict)
    changed: Event = field(default_factory=Event)


class MasterConductor:
    """The master: divides the fleet among its workers and keeps them in step."""

    fleet = None

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._shards = _Shards()
        self._stopping = False
        self._longest_seconds = 0.0
        self._phones = 0
        self._clock = steady_clock(time.time, time.perf_counter)
        self._run = 0
        self._present: set[str] = set()
        self._answered = Event()
        runner.register_message(_PRESENT, self._is_present)
        runner.register_message(_READY, self._is_ready)
        runner.register_message(_TOLD, self._has_told)
        runner.register_message(_ENDED, self._has_ended)
        environment.events.worker_connect.add_listener(self._joined)  # type: ignore[no-untyped-call]

    def start(self) -> None:
        """Give each worker its shard and see the run through."""
        self._stopping, self._run = False, self._run + 1
        try:
            options = options_of(self._environment)
            workers = self._workers(options)
            self._await_answers(workers)
            self._shards = _Shards(workers)
        except LoadtestError as error:
            self._give_up(error)
            return
        self._phones = options.phones
        self._longest_seconds = options.timers.total_seconds + _FINISH_GRACE_SECONDS
        count = len(self._shards.workers)
        for number, worker in enumerate(self._shards.workers):
            assignment = Assignment(number, count, self._run)
            self._runner.send_message(_ASSIGN, msgspec.to_builtins(assignment), worker)
            if exporting := exporting_of(self._environment):
                exporting.assign(worker, number, Shard(number, count).size(options.phones), options)
        gevent.spawn(self._see_through, self._shards)

    def stop(self) -> None:
        """Have the workers finish, and wait until they have."""
        self._stopping = True
        self._send(_FINISH)
        with gevent.Timeout(self._longest_seconds, False):
            self._wait_for(self._shards, self._shards.ended)

    def _workers(self, options: LoadOptions) -> tuple[str, ...]:
        clients = self._runner.clients
        active = [node.id for node in clients.ready + clients.running + clients.spawning]
        if options.arrivals is None and self._runner.target_user_count < len(active):
            raise ScenarioError(
                f"{len(active)} workers need as many users in a closed run: give --users {len(active)}"
            )
        return tuple(sorted(active, key=self._runner.get_worker_index))

    def _await_answers(self, workers: tuple[str, ...]) -> None:
        """Call the workers until each has answered, or is lost; GeneratorFailed when one does neither."""

        def silent() -> list[str]:
            return [each for each in workers if each not in self._present and not self._is_lost(each)]

        with gevent.Timeout(_PRESENCE_SECONDS, False):
            while missing := silent():
                self._answered.clear()
                for worker in missing:
                    self._runner.send_message(_CALL, None, worker)
                self._answered.wait(timeout=_CALL_SECONDS)
        if missing := silent():
            raise GeneratorFailed(f"worker {missing[0]} does not answer: does it run the same locustfile?")

    def _see_through(self, shards: _Shards) -> None:
        self._wait_for(shards, shards.ready)
        if not self._stopping:
            self._compare_clocks(shards)
            self._say_go(shards)
        self._wait_for(shards, shards.ended)
        if not self._stopping and shards is self._shards:
            end_test(self._environment)

    def _compare_clocks(self, shards: _Shards) -> None:
        """Ask each worker its time, and warn of those whose clock is not the master's."""
        for worker in shards.workers:
            self._tell(worker, _ASK, Question(self._clock()))
        with gevent.Timeout(_CLOCKS_SECONDS, False):
            while set(shards.workers) - set(shards.ahead) - shards.ended:
                shards.changed.clear()
                shards.changed.wait()
        for worker, ahead in shards.ahead.items():
            if ahead.matters:
                logging.getLogger(__name__).warning(
                    "the clock of worker %s is %.3f s ahead of the master's: its times are set right",
                    worker, ahead.seconds,
                )  # fmt: skip

    def _say_go(self, shards: _Shards) -> None:
        at = self._clock() + _AHEAD_OF_GO_SECONDS
        announce_start(self._environment, at)
        for worker in shards.workers:
            ahead = shards.ahead.get(worker, Ahead(0.0, 0.0))
            self._tell(worker, _GO, Go(at, ahead.seconds, ahead.uncertainty_seconds))

    def _tell(self, worker: str, kind: str, message: msgspec.Struct) -> None:
        if not self._is_lost(worker):
            self._runner.send_message(kind, msgspec.to_builtins(message), worker)

    def _wait_for(self, shards: _Shards, there: set[str]) -> None:
        """Wait until every worker is `there`, or lost."""
        while missing := set(shards.workers) - there:
            for worker in missing:
                if self._is_lost(worker):
                    self._complain_of(worker, shards)
                    shards.ready.add(worker)
                    shards.ended.add(worker)
            shards.changed.clear()
            shards.changed.wait(timeout=_LOST_POLL_SECONDS)

    def _complain_of(self, worker: str, shards: _Shards) -> None:
        shard = Shard(shards.workers.index(worker), len(shards.workers))
        logging.getLogger(__name__).error(
            "worker %s was lost with its phones, number %d and every %d after it: those of these %d that are "
            "not in attempts-%d.jsonl are lost",
            worker, shard.number, shard.count, shard.size(self._phones), shard.number,
        )  # fmt: skip

    def _is_lost(self, worker: str) -> bool:
        node = self._runner.clients.get(worker)
        return node is None or node.state == STATE_MISSING

    def _send(self, kind: str) -> None:
        for worker in self._shards.workers:
            if not self._is_lost(worker):
                self._runner.send_message(kind, None, worker)

    def _is_present(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        self._present.add(msg.node_id)
        self._answered.set()

    def _is_ready(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        if msgspec.convert(msg.data, Progress).run == self._run:
            self._shards.ready.add(msg.node_id)
            self._shards.changed.set()

    def _has_told(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        self._shards.ahead[msg.node_id] = compare(msgspec.convert(msg.data, Question), self._clock())
        self._shards.changed.set()

    def _has_ended(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002
        progress = msgspec.convert(msg.data, Progress)
        if progress.run != self._run:
            return
        self._shards.ready.add(msg.node_id)
        self._shards.ended.add(msg.node_id)
        self._shards.changed.set()
        if progress.error and not self._stopping:
            self._give_up(progress.error)

    def _joined(self, client_id: str, **_: object) -> None:
        """Say so here too: Locust does not always start a test on a worker that comes late."""
        shards = self._shards
        if client_id not in shards.workers and set(shards.workers) - shards.ended:
            logging.getLogger(__name__).warning(
                "worker %s joined after the start and enrolls nothing", client_id
            )

    def _give_up(self, error: LoadtestError | str) -> None:
        complain(self._environment, error)
        gevent.spawn(end_test, self._environment)
