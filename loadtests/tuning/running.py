"""One tuning from its order to `tune.json`: search, choose, hold against new seeds, measure, advise."""

import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.errors import Interrupted
from loadtests.scenario import Scenario
from loadtests.simulation.settings import Overheads
from loadtests.storm.interruption import Interruption, interruptions_noted
from loadtests.tuning import choice, document, grid
from loadtests.tuning.advice import advice, certainty, costs, holds, unchanged
from loadtests.tuning.bench import WINDOW_SECONDS, Bench, Scored
from loadtests.tuning.conditions import Condition
from loadtests.tuning.document import Gain, Searched, Tune
from loadtests.tuning.effect import SEEDS, Effect, effects
from loadtests.tuning.laboratory import Laboratory
from loadtests.tuning.objective import Weights
from loadtests.tuning.pool import simulating_processes
from loadtests.tuning.proving import DEFAULT, RECOMMENDED, Proof, other_seeds, prove, with_overheads
from loadtests.tuning.results import front_points, gains, setting
from loadtests.tuning.simplification import Simplified, simplified
from loadtests.tuning.snippets import write_snippets
from loadtests.tuning.space import NETWORK_SECONDS, at_bounds
from loadtests.tuning.sweep import Search, Sweep, SweepSettings
from loadtests.tuning.tunables import Tunables
from loadtests.tuning.validity import Validity, validity

# Of the time, where what follows is measured on the lab; without the lab the search has nearly all.
_SEARCH_SHARE, _SEARCH_ALONE_SHARE = 0.2, 0.5
# Of the search's time: until when values are put back, and what each is good for may be begun.
_SIMPLIFYING, _EXPLAINING = 1.3, 1.7
_NOT_HELD_BACK = (
    "interrupted in the search: the figures are those of the simulations by which these settings were "
    "chosen, so they flatter; values that make no difference are still among them"
)
_NOT_SIMPLIFIED = "no time was left to put back every value that makes no difference; give more --time-budget"


@dataclass(frozen=True)
class Order:
    """What is to be tuned, for which conditions, weighed how, in how much time.

    `known` is a recommendation that is held against the default once more, without a search.
    """

    scenario: Scenario
    conditions: tuple[Condition, ...]
    budget_seconds: float
    weights: Weights = field(default_factory=Weights)
    measure: bool = True
    scale: float = 10.0
    window_seconds: float = WINDOW_SECONDS
    sweep: SweepSettings = field(default_factory=SweepSettings)
    replications: int = 6
    known: Tunables | None = None
    overheads: Overheads = field(default_factory=Overheads)


@dataclass(slots=True)
class _Found:
    """What is known so far; `is_held_back`: of `default` and `best`, by seeds by which nothing was chosen."""

    sweep: Sweep
    default: Scored
    best: Scored
    is_held_back: bool = True
    put_back: tuple[Effect, ...] = ()
    effects: list[Effect] | None = None
    validity: Validity | None = None
    proof: Proof = field(default_factory=Proof)
    notes: list[str] = field(default_factory=list)


class Tuning:
    """Tunes; whatever was found is in `folder` when `run` returns, interrupted or not."""

    def __init__(
        self, order: Order, folder: Path, tell: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        self._order, self._folder, self._tell, self._clock = order, folder, tell, clock
        self._began = clock()
        self._searched_seconds = 0.0
        self._sweep = Sweep()
        self._found: _Found | None = None
        self._bench = Bench(
            order.scenario, order.conditions, order.weights, order.overheads, order.window_seconds
        )
        self._start = Tunables.of(order.scenario)

    def run(self) -> Tune | None:
        """Search, measure, and write; a Ctrl-C ends it early with what was found: None, nothing yet."""
        with interruptions_noted() as interruption:
            found = self._simulated(interruption)
            if found is None:
                return None
            if self._order.measure and not interruption.came:
                self._measure(found, interruption)
            tune = self._document(found, interrupted=interruption.came or found.proof.interrupted)
        self._write(tune)
        return tune

    def _simulated(self, interruption: Interruption) -> _Found | None:
        with contextlib.suppress(Interrupted), simulating_processes() as executor:
            self._simulate(executor, interruption)
        return self._found or self._chosen_so_far()

    def _simulate(self, executor: Executor, interruption: Interruption) -> None:
        """Everything that is simulated; what is known stands in `_sweep` and `_found` meanwhile."""
        share = _SEARCH_SHARE if self._order.measure else _SEARCH_ALONE_SHARE
        seconds = share * self._order.budget_seconds

        def enough(part: float) -> bool:
            return self._spent() >= part * seconds

        search = Search(
            self._bench, self._start, self._order.scenario.seed or 0, self._order.sweep, executor,
            NETWORK_SECONDS, enough, self._tell, lambda: interruption.came,
        )  # fmt: skip
        if self._order.known is not None:
            self._found = self._held_back(search, Simplified(self._order.known, finished=True))
            self._compare(search, self._found)
            return
        for self._sweep in search.run():
            pass
        best = choice.recommended(self._bench, self._sweep)
        self._tell("putting back what makes no difference")
        simple = simplified(search, best.tunables, lambda: enough(_SIMPLIFYING))
        self._found = self._held_back(search, simple)
        self._write(self._document(self._found, interrupted=False))
        self._explain(search, self._found, lambda: enough(_EXPLAINING))

    def _chosen_so_far(self) -> _Found | None:
        """The best of a search that was interrupted."""
        sweep, default = self._sweep, self._sweep.default_beside_best
        if default is None or not sweep.screened:
            return None
        self._searched_seconds = self._spent()
        best = choice.recommended(self._bench, sweep)
        return _Found(sweep, default, best, is_held_back=False)

    def _held_back(self, search: Search, best: Simplified) -> _Found:
        """Default and best with seeds by which nothing was chosen."""
        seeds = search.seeds("held back", self._order.replications)
        default, again = search.score([self._start, best.tunables], seeds)
        self._searched_seconds = self._spent()
        self._tell(f"loss {again.loss:.3f} with the recommendation, {default.loss:.3f} with the default")
        notes = [] if best.finished else [_NOT_SIMPLIFIED]
        return _Found(self._sweep, default, again, put_back=best.put_back, notes=notes)

    def _compare(self, search: Search, found: _Found) -> None:
        """What each value is good for, with other seeds again."""
        seeds = search.seeds("effects", SEEDS)
        found.effects = effects(search, search.score_apart(found.best.tunables, seeds), seeds)

    def _explain(self, search: Search, found: _Found, enough: Callable[[], bool]) -> None:
        """What each value is good for, for how slow a CA, and the grid; as far as time allows."""
        best = found.best.tunables
        self._tell("what each value is good for, and for how slow a CA")
        self._compare(search, found)
        found.notes.extend(at_bounds(best, self._start))
        if not enough():
            found.validity = validity(search, best, enough)
        if found.validity is None:
            found.notes.append(
                "no time was left to find for how slow a CA this holds; give more --time-budget"
            )
        if not enough():
            grid.write(search, best, self._folder)

    def _measure(self, found: _Found, interruption: Interruption) -> None:
        order = self._order
        laboratory = Laboratory(order.scenario, self._folder, order.scale, order.window_seconds, Overheads())
        self._tell("measuring what an enrollment costs this machine")
        laboratory, interrupted = with_overheads(laboratory, self._start)
        if interrupted:
            interruption.came = True
            return
        settings = {DEFAULT: self._start, RECOMMENDED: found.best.tunables}
        laboratory = laboratory.able_to_start(settings.values())
        for line in other_seeds(laboratory, order.conditions):
            found.notes.append(line)
            self._tell(line)
        for found.proof in prove(laboratory, settings, order.conditions, self._left, self._tell):
            self._write(self._document(found, interrupted=False))
            if interruption.came:
                return

    def _document(self, found: _Found, *, interrupted: bool) -> Tune:
        order, proof = self._order, found.proof
        checks, gained = tuple(proof.checks()), tuple[Gain, ...]()
        if found.is_held_back:
            gained = tuple(gains(self._bench, found.default, found.best))
        before = [each for runs in found.default.outcomes for each in runs]
        after = [each for runs in found.best.outcomes for each in runs]
        screened, full = found.sweep.screened, found.sweep.full
        return Tune(
            scenario=order.scenario.name,
            seed=order.scenario.seed or 0,
            scale=order.scale,
            window_seconds=order.window_seconds,
            conditions={each.name: each.says for each in order.conditions},
            weights=order.weights,
            searched=Searched(
                len(screened) + len(full), found.sweep.stopped, self._searched_seconds, NETWORK_SECONDS
            ),
            default=setting(self._bench, found.default, DEFAULT, proof),
            recommended=setting(self._bench, found.best, RECOMMENDED, proof),
            gains=gained,
            advice=tuple(advice(self._start, found.best.tunables, found.effects)),
            unchanged=tuple(unchanged(self._start, found.put_back)),
            costs=tuple(costs(found.best.tunables, before, after)),
            certainty=certainty(gained, checks, order.replications) if found.is_held_back else _NOT_HELD_BACK,
            holds=tuple(holds(found.validity)) if found.validity else (),
            validity=found.validity,
            front=front_points(found.sweep.full),
            checks=checks,
            notes=(*found.notes, *proof.failures),
            interrupted=interrupted,
        )

    def _write(self, tune: Tune) -> None:
        document.write(tune, self._folder)
        write_snippets(tune.recommended.tunables, self._folder)

    def _spent(self) -> float:
        return self._clock() - self._began

    def _left(self) -> float:
        return self._order.budget_seconds - self._spent()
