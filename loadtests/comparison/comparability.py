"""Whether two runs can be compared at all: the same load on the same kind of chain."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from loadtests.comparison.observed import Run
from loadtests.errors import ScenarioError
from loadtests.scenario import Scenario
from testbed.refusals import explain_key, shown

# What may differ: who the phones are, what is asked of them, where the chain is, what is kept of the run.
_MAY_DIFFER = (
    "name", "seed", "slo", "lab", "target.url", "phones.keep_keys", "phones.renew_from", "ca.port",
    "ca.management_port", "ca.metrics", "ra.port", "ra.metrics", "generator.metrics", "chaos.grafana_url",
)  # fmt: skip
# Files that are elsewhere in every checkout: whether one is named counts.
_FILES = (
    "target.trust_anchor", "target.client_certificate", "target.client_key", "target.lsc_chain",
    "target.ca_database", "target.ca_log", "ra.est.client_ca",
)  # fmt: skip
_MOST_NAMED = 4


def obstacles(baseline: Run, other: Run, *, despite: tuple[str, ...] = ()) -> Iterator[str]:
    """Why these runs cannot be compared, one reason each; settings under `despite` may differ."""
    for run in (baseline, other):
        yield from _unusable(run)
    differing = list(_differences(baseline, other, (*_MAY_DIFFER, *despite)))
    for key, one, two in differing[:_MOST_NAMED]:
        yield f"{key} is {shown(one)} in {baseline.path} and {shown(two)} in {other.path}"
    if len(differing) > _MOST_NAMED:
        yield f"{len(differing) - _MOST_NAMED} more settings differ"
    if baseline.summary.run.lab != other.summary.run.lab:
        yield f"one of {baseline.path} and {other.path} had a lab of its own, the other had not"


def check_despite(despite: Sequence[str], baseline: Run, others: Sequence[Run]) -> None:
    """ScenarioError when one of these settings is none that a scenario can have; it says what differs."""
    for key in despite:
        if said := explain_key(key, Scenario):
            found = [name for other in others for name, *_ in _differences(baseline, other, _MAY_DIFFER)]
            differing = ", ".join(dict.fromkeys(found)) or "no setting that matters"
            raise ScenarioError(f"--despite {key}: {said}; these runs differ in {differing}")


def remarks(baseline: Run, other: Run) -> Iterator[str]:
    """What does not forbid the comparison and is to be known."""
    one, two = baseline.summary.run.host, other.summary.run.host
    if one and two and (one.system, one.cpus) != (two.system, two.cpus):
        machine = f"{two.system}, {two.cpus} CPUs; not {one.system}, {one.cpus}"
        yield f"{other.path} ran on another machine: {machine}"
    if one and two and one.python != two.python:
        yield f"{other.path} ran on Python {two.python}, not {one.python}"
    if baseline.summary.run.target != other.summary.run.target and not baseline.summary.run.lab:
        yield f"{other.path} loaded {other.summary.run.target}, not {baseline.summary.run.target}"
    for run in (baseline, other):
        if run.summary.generator_bound is None:
            yield f"whether the generator was the limit in {run.path} is not known"


def _unusable(run: Run) -> Iterator[str]:
    summary = run.summary
    if summary.generator_bound:
        yield f"the generator was the limit in {run.path}: {', '.join(summary.generator.reasons)}"
    for death in summary.run.dead_parts:
        yield f"in {run.path} the {death.part} died"
    for incident in summary.run.incidents:
        yield f"{run.path}: {incident}"


def _flat(run: Run) -> dict[str, object]:
    return dict(_leaves("", msgspec.to_builtins(run.scenario)))


def _leaves(prefix: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(f"{prefix}.{key}" if prefix else str(key), each)
    else:
        yield prefix, value


def _differences(
    baseline: Run, other: Run, may_differ: tuple[str, ...]
) -> Iterator[tuple[str, object, object]]:
    """What is set otherwise, with both values, but for what is under `may_differ`."""
    one, two = _flat(baseline), _flat(other)
    for key in sorted({*one, *two}):
        before, after = one.get(key), two.get(key)
        if before != after and not (key in _FILES and before and after) and not _is_under(key, may_differ):
            yield key, before, after


def _is_under(key: str, tables: tuple[str, ...]) -> bool:
    return any(key == table or key.startswith(f"{table}.") for table in tables)
