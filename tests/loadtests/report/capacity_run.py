"""A capacity run for tests of its page: ten RA workers of 0.2 s each, so 50 phones a second at most."""

from datetime import UTC, datetime

import msgspec

from loadtests.capacity.bottleneck import Evidence, Machine
from loadtests.capacity.result import Capacity, Searched
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.trial import Step, Trial, TrialPlan
from loadtests.results.slo import Slo, Unit, Verdict
from loadtests.results.usage import Usage
from loadtests.scaling.demands import Limits
from loadtests.scaling.models import Models, model
from loadtests.scaling.network import Station
from loadtests.scaling.stream import flow
from tests.loadtests.scaling.test_chain import chain
from tests.loadtests.scaling.test_comparison import levels_by

WORKERS, SECONDS, LIMIT_SECONDS = 10, 0.2, 1.0
RULE = f"latency_p99_seconds <= {LIMIT_SECONDS:g}s"
EVIDENCE = "the RA's workers could do 50 enrollments a second at most"
RATES = (5.0, 10.0, 20.0, 30.0, 40.0, 45.0, 60.0)


def trial(number: int, step: Step, rate: float | None) -> Trial:
    """As M/M/c has it; 60 a second is more than it can do."""
    found = flow([Station("workers", SECONDS, WORKERS)], rate or 1e-3)
    wait = found.wait_seconds if found else 5.0
    p50, p99 = SECONDS + wait / 2, 0.5 + 4 * wait
    done = min(rate or 1 / SECONDS, WORKERS / SECONDS)
    met = p99 <= LIMIT_SECONDS
    return Trial(
        plan=TrialPlan(step, number, rate, 5.0, 15.0), phones=1000, throughput_per_second=done,
        latency_p50_seconds=p50, latency_p99_seconds=p99, failed_share=0.0,
        slo=Slo(met, [Verdict(RULE, Unit.SECONDS, LIMIT_SECONDS, p99, met, "")]), margins=[],
        usage=Usage(ra_workers=min(1.0, done * SECONDS / WORKERS), ca_cpu=done / 500, machine_cpu=0.25),
        generator_bound=False,
    )  # fmt: skip


def capacity(**known: object) -> Capacity:
    """The answer that such a search gives, with what is `known` otherwise."""
    trials = [trial(1, "baseline", None)] + [trial(n, "rise", rate) for n, rate in enumerate(RATES, 2)]
    usual = Capacity(
        sustainable_rate_per_second=44.0, interval_95=(43.0, 45.5), held_at_per_second=45.0,
        why="the limit was bracketed and held against", rule=RULE, method="fit", confirmed=True,
        unstable=False, unstable_reasons=[], demand_met=None, generator_bound=False,
        bottleneck="ra_workers", bottleneck_stage="submit",
        evidence=[Evidence("ra_workers", 50.0, 0.9, 0.1, EVIDENCE)],
        baseline_p50_seconds=0.2,
        searched=Searched(
            scenario="knee", target="", rules=[RULE], seed=7,
            started=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            settings=SearchSettings(), machine=Machine(2),
        ),
        trials=trials,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **known)


def models() -> Models:
    """Of seven levels of the same chain."""
    limits = Limits(ra_workers=WORKERS)
    return model(levels_by(chain(limits, inside=SECONDS), 0.01, 1), limits, 1)
