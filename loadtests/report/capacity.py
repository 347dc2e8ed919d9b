"""The page of a capacity run: the answer, what gives first and why, and every trial behind it."""

from collections.abc import Iterator
from pathlib import Path

from loadtests.capacity.result import Capacity
from loadtests.capacity.trial import Trial
from loadtests.capacity.wording import failing_calls
from loadtests.report import wording
from loadtests.report.capacity_charts import draw_capacity
from loadtests.report.rendering import rendered
from loadtests.scaling.models import Models

_NAMES = {
    "ra_workers": "the RA's workers", "ra_pool": "the RA's pool of connections",
    "ca_threads": "the CA's page threads",
    "ca_signing": "the CA's signing device", "ra_cpu": "the RA's CPU", "ca_cpu": "the CA's CPU",
    "ra_front_cpu": "the CPU of NGINX before the RA", "generator_cpu": "the load generator's CPU",
    "machine_cpu": "this machine's CPUs",
    "generator": "the load generator, not the chain",
}  # fmt: skip


def write_capacity_report(
    path: Path, capacity: Capacity, models: Models | None, scenario_text: str, command: str
) -> None:
    """Write the page to `path`: one file that needs nothing else, network included.

    `models` are those of the run's levels, None without any; `command` repeats the run from its folder.
    """
    path.write_text(
        render_capacity(path.resolve().parent.name, capacity, models, scenario_text, command),
        encoding="utf-8",
    )


def render_capacity(
    run: str, capacity: Capacity, models: Models | None, scenario_text: str, command: str
) -> str:
    """The page as HTML."""
    charts = list(draw_capacity(capacity.trials, capacity.interval_95, models))
    return rendered(
        "capacity.html.j2",
        charts,
        drawn=charts,
        run=run,
        capacity=capacity,
        state=state(capacity),
        headline=headline(capacity),
        words=list(words(capacity)),
        bottleneck=_NAMES[capacity.bottleneck] if capacity.bottleneck else "",
        several=wording.several,
        remarks=[remarks(trial) for trial in capacity.trials],
        models=models,
        scenario_text=scenario_text,
        command=command,
    )


def state(capacity: Capacity) -> str:
    """Whether the answer is `met`, `broken` or `unknown`, as the page's style has it."""
    if capacity.sustainable_rate_per_second is None or capacity.unstable:
        return "unknown"
    return "broken" if capacity.demand_met is False else "met"


def headline(capacity: Capacity) -> str:
    """The answer in one line."""
    rate, interval = capacity.sustainable_rate_per_second, capacity.interval_95
    if rate is None or interval is None:
        return "? The chain's capacity was not found"
    low, high = (wording.rate(end) for end in interval)
    mark = "?" if capacity.unstable else "✗" if capacity.demand_met is False else "✓"
    return f"{mark} {wording.rate(rate)} can be sustained (95 % interval {low} to {high})"


def words(capacity: Capacity) -> Iterator[str]:
    """What qualifies the answer, a sentence each."""
    yield f"The search ended because {capacity.why}."
    if capacity.rule:
        yield f"The rule that breaks first: {capacity.rule}."
    if capacity.generator_bound:
        held = capacity.held_at_per_second
        yield (
            f"The generator was the limit: the chain held {wording.rate(held)}, which is not its capacity."
            if held
            else "The generator was the limit, so nothing here is the chain's capacity."
        )
    if capacity.demand_met is False:
        yield "That is less than the throughput that was asked for."
    for reason in capacity.unstable_reasons:
        yield f"Unstable: {reason}."
    if capacity.sustainable_rate_per_second and not capacity.confirmed:
        yield (
            "Not confirmed: the interval is wider than 10 % to both sides, or the answer would move by more "
            "than 5 % without one of the rounds of holds."
        )
    if capacity.baseline_p50_seconds is not None:
        yield f"One phone at a time takes {wording.seconds(capacity.baseline_p50_seconds)} (median)."
    yield from _at_the_limit(capacity)
    if capacity.interrupted:
        yield "The search was interrupted."


def _at_the_limit(capacity: Capacity) -> Iterator[str]:
    if capacity.bottleneck_stage:
        yield f"Of the CA's stages, {capacity.bottleneck_stage} takes the most of the RA's time."
    if capacity.failing:
        said = failing_calls(capacity.failing)
        yield f"{said[0].upper()}{said[1:]}."
    if capacity.searched.target and capacity.bottleneck is None:
        yield "What gives first is not known: of a server elsewhere only its answers are seen."


def remarks(trial: Trial) -> str:
    """What else is to be known of a trial: which rules broke, and what kept it from its plan."""
    said = [f"broke {verdict.rule}" for verdict in trial.slo.rules if verdict.met is False]
    if trial.generator_bound:
        said.append("generator-bound")
    return "; ".join(dict.fromkeys([*said, *filter(None, (trial.cut_short, trial.problem))]))
