"""A search from its first trial to its answer; what an earlier one left is taken up."""

from dataclasses import dataclass

from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched, capacity_of, write
from loadtests.capacity.search import Found, decide, seconds_left
from loadtests.capacity.search_folder import SearchFolder
from loadtests.capacity.storm_bench import Interrupted
from loadtests.capacity.trial import Bench, Trial, TrialPlan, bracket
from loadtests.results.slo import parse_all


@dataclass(slots=True)
class Search:
    """Runs the trials that the search decides on, keeps each as it ends, and writes the answer."""

    searched: Searched
    folder: SearchFolder
    display: SearchDisplay
    bench: Bench

    def run(self) -> Capacity:
        """The answer, as written; of what there was, when the user interrupts."""
        trials = self.folder.trials()
        found = self._try_all(trials)
        if found:
            self.folder.keys.unlink(missing_ok=True)
        return self._answer(trials, found)

    def _try_all(self, trials: list[Trial]) -> Found | None:
        """Add trials to those there are until the search ends; None when the user does."""
        settings = self.searched.settings
        while isinstance(plan := decide(trials, settings), TrialPlan):
            self.display.trying(plan, seconds_left(trials, settings))
            try:
                trial = self.bench.trial(plan)
            except (Interrupted, KeyboardInterrupt):
                return None
            self.folder.add(trial)
            trials.append(trial)
            self.display.tried(trial, seconds_left(trials, settings))
        return plan

    def _answer(self, trials: list[Trial], found: Found | None) -> Capacity:
        end = found or Found("it was interrupted", *bracket(trials))
        rules = parse_all(self.searched.rules)
        answer = capacity_of(trials, end, rules, self.searched, interrupted=found is None)
        write(answer, self.folder.answer)
        return answer
