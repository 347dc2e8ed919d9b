"""The search: a Latin hypercube of settings, of which the hopeless are given up early, then around the best.

screen    many settings, few phones each; one whose loss passes that of the best so far is not finished
refine    steps around the best, all phones
final     the few best with seeds by which nothing was chosen
"""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import msgspec
from scipy.stats import qmc

from loadtests.streams import stream
from loadtests.tuning.bench import Bench, Scored
from loadtests.tuning.pool import results
from loadtests.tuning.space import DIMENSIONS, Point, neighbours, point_of, tunables_at
from loadtests.tuning.tunables import Tunables
from testbed.bounds import Settings

_STEP = 0.12
_MOVED = 4
# Of the time.
_SCREENING, _REFINING = 0.4, 0.7


class SweepSettings(Settings, frozen=True):
    """How much to simulate. `points` are drawn and screened with `screen_phones` each, in batches.

    The best `kept` go on with all phones; `rounds` times `children` settings are made from the best of them,
    and at most `polishes` times every setting next to the best is tried. `finalists` are held against
    `final_seeds` seeds.
    """

    points: int = 1024
    batch: int = 64
    screen_phones: int = 100
    kept: int = 24
    rounds: int = 3
    polishes: int = 8
    children: int = 32
    finalists: int = 8
    final_seeds: int = 4


@dataclass(slots=True)
class Sweep:
    """What a search has found so far. `screened` are settings with few phones, `full` those with all.

    `default` has the seeds of `final`; `default_screened` and `default_full` those of the others, and as many
    phones.
    """

    default: Scored | None = None
    default_screened: Scored | None = None
    default_full: Scored | None = None
    screened: list[Scored] = field(default_factory=list)
    full: list[Scored] = field(default_factory=list)
    final: list[Scored] = field(default_factory=list)

    @property
    def best(self) -> list[Scored]:
        """The best known, by the strictest test that any has passed."""
        return _ranked(self.final or self.full or self.screened or [each for each in (self.default,) if each])

    @property
    def default_beside_best(self) -> Scored | None:
        """The default by the same seeds and phones as `best`; None before the first settings were tried."""
        if self.final:
            return self.default
        return self.default_full if self.full else self.default_screened

    @property
    def stopped(self) -> int:
        """How many settings were given up early."""
        return sum(each.stopped for each in (*self.screened, *self.full))


@dataclass(frozen=True)
class Search:
    """Searches around and far from the `start` settings; `seed` decides every draw.

    `executor` simulates; `enough` is asked between batches whether so much of the time, 0 to 1, is over,
    `interrupted` several times a second whether the user wants an end: then whatever simulates raises
    Interrupted.
    """

    bench: Bench
    start: Tunables
    seed: int
    settings: SweepSettings
    executor: Executor
    network_seconds: float
    enough: Callable[[float], bool] = lambda _share: False
    tell: Callable[[str], None] = lambda _line: None
    interrupted: Callable[[], bool] = lambda: False

    def run(self) -> Iterator[Sweep]:
        """The search, given again after each batch: whoever stops asking has what was found until then."""
        sweep = Sweep(self.score_apart(self.start, self.seeds("final", self.settings.final_seeds)))
        yield sweep
        steps = (
            (_SCREENING, self._screen), (1.0, self._promote), (_REFINING, self._refine), (1.0, self._polish),
        )  # fmt: skip
        for share, step in steps:
            for _ in step(sweep):
                yield sweep
                if self.enough(share):
                    break
        yield from (sweep for _ in self._decide(sweep))

    def seeds(self, purpose: str, count: int) -> list[int]:
        """Seeds for the arrivals and service times of a purpose, the same for every setting."""
        source = stream(self.seed, f"tuning {purpose}")
        return [source.getrandbits(31) for _ in range(count)]

    def points(self, count: int) -> list[Point]:
        """A Latin hypercube."""
        sampler = qmc.LatinHypercube(d=len(DIMENSIONS), rng=stream(self.seed, "hypercube").getrandbits(32))
        return [tuple(map(float, row)) for row in sampler.random(count)]

    def _screen(self, sweep: Sweep) -> Iterator[None]:
        phones, count = self.settings.screen_phones, self.settings.points
        candidates = [self._at(point) for point in self.points(count)]
        seeds = self.seeds("screen", 1)
        (sweep.default_screened,) = self.score([self.start], seeds, None, phones)
        for at in range(0, count, self.settings.batch):
            limit = _limit(sweep.screened, self.settings.kept)
            batch = candidates[at : at + self.settings.batch]
            sweep.screened.extend(self.score(batch, seeds, limit, phones))
            self.tell(f"screened {len(sweep.screened)} of {count} settings, {sweep.stopped} given up early")
            yield

    def _promote(self, sweep: Sweep) -> Iterator[None]:
        """The best of those screened, with all phones."""
        chosen = [each.tunables for each in _ranked(sweep.screened)[: self.settings.kept]]
        sweep.default_full, *full = self.score([self.start, *chosen], self.seeds("full", 1), None)
        sweep.full.extend(full)
        yield

    def _refine(self, sweep: Sweep) -> Iterator[None]:
        source = stream(self.seed, "refine")
        for number in range(1, self.settings.rounds + 1):
            parents = [each.tunables for each in _ranked(sweep.full)[: self.settings.finalists]]
            children = list(self._children(parents, source))
            limit = _limit(sweep.full, self.settings.finalists)
            sweep.full.extend(self.score(children, self.seeds("full", 1), limit))
            self.tell(f"refined {number} of {self.settings.rounds} times, loss {sweep.best[0].loss:.3f}")
            yield

    def _polish(self, sweep: Sweep) -> Iterator[None]:
        seeds, blocking = self.seeds("full", 1), self.bench.scenario.ra.workers.blocking
        for number in range(1, self.settings.polishes + 1):
            best = sweep.best[0]
            near = neighbours(best.tunables, self.network_seconds, blocking=blocking)
            sweep.full.extend(self.score(near, seeds, best.loss))
            self.tell(f"polished {number} times, loss {sweep.best[0].loss:.3f}")
            if sweep.best[0] is best:
                return
            yield

    def _decide(self, sweep: Sweep) -> Iterator[None]:
        chosen = [each.tunables for each in sweep.best[: self.settings.finalists]]
        seeds = self.seeds("final", self.settings.final_seeds)
        sweep.final = self.score(chosen, seeds, None)
        yield

    def _children(self, parents: Sequence[Tunables], source: random.Random) -> Iterator[Tunables]:
        for number in range(self.settings.children):
            point = list(point_of(parents[number % len(parents)], self.network_seconds))
            for axis in source.sample(range(len(point)), _MOVED):
                point[axis] = min(max(point[axis] + source.gauss(0, _STEP), 0.0), 0.999)
            yield self._at(tuple(point))

    def _at(self, point: Point) -> Tunables:
        blocking = self.bench.scenario.ra.workers.blocking
        found = tunables_at(point, self.network_seconds, blocking=blocking)
        return found if blocking else msgspec.structs.replace(found, workers=self.start.workers)

    def score(
        self, candidates: Sequence[Tunables], seeds: Sequence[int], limit: float | None = None,
        phones: int | None = None,
    ) -> list[Scored]:  # fmt: skip
        """All of these, on every CPU; what passes `limit` is not finished. Interrupted as the user wants."""
        score = partial(_score, self.bench, seeds=seeds, phones=phones, limit=limit)
        tasks = [partial(score, each) for each in candidates]
        return results(self.executor, tasks, self.interrupted)

    def score_apart(self, tunables: Tunables, seeds: Sequence[int]) -> Scored:
        """One setting, its seeds on every CPU."""
        score = partial(_score, self.bench, tunables, phones=None, limit=None)
        tasks = [partial(score, seeds=[seed]) for seed in seeds]
        return self.bench.joined(results(self.executor, tasks, self.interrupted))


def _score(
    bench: Bench, tunables: Tunables, seeds: Sequence[int], phones: int | None, limit: float | None
) -> Scored:
    """In a process of its own: what `Bench.score` gives."""
    return bench.score(tunables, seeds, phones=phones, limit=limit)


def _ranked(found: Sequence[Scored]) -> list[Scored]:
    """The whole ones, the best first."""
    return sorted((each for each in found if not each.stopped), key=lambda each: each.loss)


def _limit(found: Sequence[Scored], kept: int) -> float | None:
    """The loss beyond which a setting is not among the best any more; None while there are too few."""
    ranked = _ranked(found)
    return ranked[kept - 1].loss if len(ranked) >= kept else None
