"""A tuning that has ended, with every part filled in."""

import msgspec

from loadtests.tuning.bench import Scored
from loadtests.tuning.document import Advice, Searched, Tune, Unchanged
from loadtests.tuning.interval import Interval
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.proving import DEFAULT, RECOMMENDED, Proof
from loadtests.tuning.results import front_points, gains, setting
from loadtests.tuning.tunables import Tunables
from loadtests.tuning.validity import Validity
from tests.loadtests.tuning.chains import bench

PATIENT = msgspec.structs.replace(Tunables(), read=60.0, total=59.0, submit=55.0, workers=16)
BAD = Outcome(
    phones=60,
    enrolled=20,
    p50_seconds=None,
    p99_seconds=None,
    tries=150,
    timeouts=130,
    false_timeouts=9,
    orphans=9,
)
GOOD = Outcome(
    phones=60,
    enrolled=60,
    p50_seconds=7,
    p99_seconds=20,
    tries=60,
    timeouts=0,
    false_timeouts=0,
    orphans=0,
)


def proof() -> Proof:
    """What was measured and predicted under slow submissions."""
    return Proof(
        {DEFAULT: {"slow_submit": BAD}, RECOMMENDED: {"slow_submit": GOOD}},
        {DEFAULT: {"slow_submit": [BAD, BAD]}, RECOMMENDED: {"slow_submit": [GOOD, GOOD]}},
    )


def tuned() -> Tune:
    """A tuning for slow submissions."""
    held = bench("slow_submit", phones=60)
    default, best = (_scored(each, outcome) for each, outcome in ((Tunables(), BAD), (PATIENT, GOOD)))
    return Tune(
        scenario="tune",
        seed=1,
        scale=10.0,
        window_seconds=300.0,
        conditions={"slow_submit": "every submission takes about 7 s"},
        weights=held.weights,
        searched=Searched(1144, 916, 98.0, 1.0),
        default=setting(held, default, DEFAULT, proof()),
        recommended=setting(held, best, RECOMMENDED, proof()),
        gains=tuple(gains(held, default, best)),
        advice=(
            Advice("ra.timers.submit_seconds", 10.0, 55.0, "patience", 0.4, Interval(0.4, 0.35, 0.45)),
            Advice("ra.timers.total_seconds", 0.0, 59.0, "the rule", 0.0, matters=False),
        ),
        unchanged=(Unchanged("ra.retries.spacing_seconds", 1.0, 0.14, Interval(0.002, -0.004, 0.008)),),
        costs=("16 worker processes",),
        certainty="sure",
        holds=("better than the default",),
        validity=Validity(6.2, None, 28.0, 25.0, ()),
        front=front_points([default, best]),
        checks=tuple(proof().checks()),
        notes=("read is at the top of its range",),
    )


def _scored(tunables: Tunables, outcome: Outcome) -> Scored:
    held = bench("slow_submit", phones=60)
    terms = held.terms(tunables, outcome)
    return Scored(tunables, ((outcome, outcome),), terms, held.weights.loss(terms))
