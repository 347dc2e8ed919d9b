"""A stage follows a toxic's steps on a clock, here one that stands still until it is moved."""

import random
from collections import defaultdict
from collections.abc import Callable

from chaos.alarms import Cancellable
from chaos.tcp.stage import Stage
from chaos.tcp.toxic import Chunk, Toxic, Visit
from chaos.tcp.toxics.bandwidth import Bandwidth
from chaos.tcp.toxics.down import Down
from chaos.tcp.toxics.latency import Latency
from chaos.tcp.toxics.limit_data import LimitData
from chaos.tcp.toxics.noop import Noop
from chaos.tcp.toxics.reset_peer import ResetPeer
from chaos.tcp.toxics.slow_close import SlowClose
from chaos.tcp.toxics.timeout import Timeout


class Call:
    """A call to come on the still clock."""

    def __init__(self, at_seconds: float, call: Callable[[], None]) -> None:
        self.at_seconds, self.call, self.cancelled = at_seconds, call, False

    def cancel(self) -> None:
        self.cancelled = True


class StillClock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.time = 0.0
        self.calls: list[Call] = []
        self.now: Callable[[], float] = lambda: self.time

    def at(self, at_seconds: float, call: Callable[[], None]) -> Cancellable:
        self.calls.append(Call(at_seconds, call))
        return self.calls[-1]

    def move_to(self, at_seconds: float) -> None:
        while due := [each for each in self.calls if not each.cancelled and each.at_seconds <= at_seconds]:
            first = min(due, key=lambda each: each.at_seconds)
            self.calls.remove(first)
            self.time = first.at_seconds
            first.call()
        self.time = at_seconds


class Bench:
    """A stage with nothing real around it: what it lets through, with the time, and how it ended."""

    def __init__(self, toxic: Toxic, memory: defaultdict[str, float] | None = None) -> None:
        self.clock = StillClock()
        self.passed: list[tuple[float, bytes]] = []
        self.end_at: float | None = None
        self.reset_at: float | None = None
        self.delays: list[tuple[str, float]] = []
        self.memory: defaultdict[str, float] = defaultdict(int) if memory is None else memory
        self.stage = Stage(toxic, Visit(random.Random(1), self.memory), self)
        self.stage.following = self
        self.stage.start()

    def say(self, data: bytes) -> None:
        self.stage.feed(Chunk(data, self.clock.now()))

    def feed(self, chunk: Chunk) -> None:
        self.passed.append((self.clock.time, chunk.data))

    def end(self) -> None:
        self.end_at = self.clock.time if self.end_at is None else self.end_at

    def reset(self) -> None:
        self.reset_at = self.clock.time

    def progressed(self) -> None:
        pass

    def delayed(self, toxic_type: str, seconds: float) -> None:
        self.delays.append((toxic_type, seconds))


def test_latency_is_a_pipeline_not_a_queue() -> None:
    bench = Bench(Latency(latency=1_000))
    for at_seconds, data in ((0.0, b"a"), (0.25, b"b"), (0.5, b"c")):
        bench.clock.move_to(at_seconds)
        bench.say(data)
    bench.clock.move_to(2.0)
    assert bench.passed == [(1.0, b"a"), (1.25, b"b"), (1.5, b"c")]


def test_a_stage_is_full_at_its_toxics_capacity() -> None:
    bench = Bench(Bandwidth(rate=1))
    assert not bench.stage.full
    bench.say(b"x" * 100)
    assert not bench.stage.full
    bench.say(b"x" * 100)
    assert bench.stage.full
    bench.clock.move_to(0.1)
    assert not bench.stage.full


def test_the_end_comes_after_what_is_held() -> None:
    bench = Bench(Latency(latency=1_000))
    bench.say(b"last")
    bench.stage.end()
    assert bench.passed == []
    bench.clock.move_to(5.0)
    assert (bench.passed, bench.end_at) == ([(1.0, b"last")], 1.0)


def test_slow_close_holds_the_end() -> None:
    bench = Bench(SlowClose(delay=500))
    bench.stage.end()
    bench.clock.move_to(0.4)
    assert bench.end_at is None
    bench.clock.move_to(0.6)
    assert bench.end_at == 0.5


def test_the_timeout_starts_again_with_each_chunk() -> None:
    bench = Bench(Timeout(timeout=1_000))
    bench.clock.move_to(0.75)
    bench.say(b"swallowed")
    bench.clock.move_to(2.0)
    assert (bench.passed, bench.end_at) == ([], 1.75)


def test_the_timeout_ends_with_the_stream() -> None:
    bench = Bench(Timeout())
    bench.stage.end()
    assert bench.end_at == 0.0


def test_a_reset_waits_from_the_first_data() -> None:
    bench = Bench(ResetPeer(timeout=250))
    bench.clock.move_to(1.0)
    bench.say(b"x")
    bench.clock.move_to(2.0)
    assert (bench.reset_at, bench.passed) == (1.25, [])


def test_down_resets_before_there_is_data() -> None:
    assert Bench(Down()).reset_at == 0.0


def test_nothing_passes_after_a_close() -> None:
    bench = Bench(LimitData(bytes=3))
    bench.say(b"12345")
    bench.say(b"more")
    assert (bench.passed, bench.end_at) == ([(0.0, b"123")], 0.0)


def test_release_passes_on_what_is_held_at_once_and_in_order() -> None:
    bench = Bench(Latency(latency=1_000))
    bench.say(b"a")
    bench.say(b"b")
    bench.stage.release(removed=True)
    bench.clock.move_to(5.0)
    assert bench.passed == [(0.0, b"a"), (0.0, b"b")]


def test_a_timeout_closes_when_it_is_removed_but_not_when_it_is_changed() -> None:
    removed, changed = Bench(Timeout()), Bench(Timeout())
    removed.stage.release(removed=True)
    changed.stage.release(removed=False)
    assert (removed.end_at, changed.end_at) == (0.0, None)


def test_an_abandoned_stage_does_nothing_more() -> None:
    bench = Bench(Latency(latency=1_000))
    bench.say(b"a")
    bench.stage.abandon()
    bench.say(b"b")
    bench.clock.move_to(5.0)
    assert (bench.passed, bench.end_at) == ([], None)


def test_a_wait_is_reported_with_its_toxic() -> None:
    bench = Bench(Latency(latency=1_000))
    bench.say(b"a")
    assert bench.delays == [("latency", 1.0)]


def test_what_does_not_wait_passes_at_once() -> None:
    bench = Bench(Noop())
    bench.say(b"a")
    assert bench.passed == [(0.0, b"a")]


def test_memory_outlives_the_stage() -> None:
    first = Bench(LimitData(bytes=5))
    first.say(b"123")
    second = Bench(LimitData(bytes=5), first.memory)
    second.say(b"456")
    assert second.passed == [(0.0, b"45")]
