"""What a worker that was lost had done since its last report: its journal tells, if it is on this machine."""

from collections.abc import Iterable, Mapping

import msgspec

from exporters.load.tally import Snapshot, add_up
from loadtests.capf.persistence import Rules
from loadtests.est.tls_stream import Timers
from loadtests.results.journal import Attempt, JournalReader
from loadtests.swarm.metering import Meter
from loadtests.swarm.options import LoadOptions

_UNDECIDED = ("under_way", "between_tries", "waiting")


def with_last_words(snapshot: Snapshot, options: LoadOptions) -> Snapshot:
    """The worker's last report with all that ended after it; as it is where there is no journal."""
    if options.journal is None:
        return snapshot
    missed = [
        attempt
        for attempt in JournalReader(options.journal).new()
        if attempt.worker == snapshot.worker and attempt.done > snapshot.at
    ]
    return counting(snapshot, missed, options.timers, options.rules) if missed else snapshot


def counting(snapshot: Snapshot, missed: Iterable[Attempt], timers: Timers, rules: Rules) -> Snapshot:
    """The report with these attempts, which had not ended when it was made."""
    meter = Meter(timers, rules.operation.value, cpu=lambda: 0.0)
    decided = dict.fromkeys(("enrolled", "failed"), 0)
    for attempt in missed:
        if attempt.started > snapshot.at:
            scheduled = attempt.attempt == 1 and attempt.intended_start <= snapshot.at
            meter.begins(scheduled=scheduled, retry=attempt.attempt > 1)
        meter.count(attempt)
        decided["enrolled"] += attempt.enrolled
        decided["failed"] += not attempt.enrolled and attempt.attempt >= rules.retry.attempts
    both = add_up([snapshot, meter.snapshot()])
    phones = _decided(snapshot.phones, decided)
    return msgspec.structs.replace(snapshot, counts=both.counts, bins=both.bins, phones=phones)


def _decided(phones: Mapping[str, int], decided: Mapping[str, int]) -> dict[str, int]:
    """The phones by state when so many more are enrolled, or out of tries."""
    left, states = sum(decided.values()), dict(phones)
    for state in _UNDECIDED:
        moved = min(left, states.get(state, 0))
        states[state] = states.get(state, 0) - moved
        left -= moved
    for state, count in decided.items():
        states[state] = states.get(state, 0) + count
    return states
