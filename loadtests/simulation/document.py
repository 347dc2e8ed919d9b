"""`simulation.json`: a storm in simulated time, in the measures of a real one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from loadtests import documents
from loadtests.arrivals.settings import ArrivalSettings
from loadtests.errors import JournalError
from loadtests.report import wording
from loadtests.results.measures import Measures
from loadtests.results.slo import Slo
from loadtests.results.usage import Usage
from loadtests.results.writing import judged
from loadtests.simulation.forecast import Certificates
from loadtests.simulation.settings import ChainModel, Stage

VERSION = "estorm.simulation/1"
_BUSY = (
    ("ra_workers", "RA workers"), ("ra_pool", "RA pool"), ("ca_threads", "CA threads"),
    ("ca_signing", "CA signing"),
)  # fmt: skip


class Simulation(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema", tag=VERSION):
    """What was simulated and what came of it. Latency is of tries that enrolled, from their start."""

    scenario: str
    model_from: Annotated[str, Meta(description="How measurements became the model")]
    seed: int
    arrivals: ArrivalSettings
    model: ChainModel
    not_simulated: Annotated[list[str], Meta(description="Faults of the scenario that were left out")]
    measures: Measures
    slo: Slo
    retries: Annotated[int, Meta(ge=0, description="Tries after a phone's first")]
    phone_timeouts: Annotated[int, Meta(ge=0, description="Tries that a phone's own timers ended")]
    ra_timeouts: Annotated[dict[Stage, int], Meta(description="The RA's timers that went off, by stage")]
    false_timeouts: Annotated[
        dict[str, int], Meta(description="Of all these timers: the answer came later; `phone`: a phone's")
    ]
    certificates: Certificates
    usage: Annotated[Usage, Meta(description="From the first start to the last end; CPU in cores")]
    phones_not_connected: Annotated[int, Meta(ge=0, description="Vain attempts to get into an accept queue")]
    ca_not_connected: Annotated[int, Meta(ge=0, description="Vain attempts of the RA to connect to the CA")]
    ca_turned_away: Annotated[int, Meta(ge=0, description="Requests that a full queue of the CA refused")]
    cpu_seconds: Annotated[float, Meta(ge=0, description="What the simulation took")]


def write(simulation: Simulation, path: Path) -> None:
    """The simulation as indented JSON, whole at any moment."""
    documents.write(simulation, path)


def read(path: Path) -> Simulation:
    """The simulation at `path`; JournalError when there is none or it is of another version."""
    return documents.read(path, Simulation, f"a simulation of version {VERSION}", JournalError)


def describe(found: Simulation) -> Iterator[str]:
    """The outcome as a few lines of text, as a storm tells it."""
    measures, phones = found.measures, found.measures.phones
    yield (
        f"{wording.count(phones.enrolled)} of {wording.count(phones.intended)} phones enrolled, "
        f"{wording.count(phones.failed)} failed; {wording.rate(measures.throughput_per_second)}; "
        f"in {wording.span(measures.duration_seconds)}"
    )
    for name, number in measures.outcomes.items():
        yield f"  {name:<22} {wording.count(number)}"
    if latency := measures.latency_seconds:
        told = msgspec.structs.asdict(latency).items()
        yield "latency: " + ", ".join(f"{name} {wording.seconds(value)}" for name, value in told)
    yield from _troubles(found)
    yield f"busy: {', '.join(_busy(found)) or 'no part has a limit'}"
    if found.not_simulated:
        yield f"not simulated: {', '.join(found.not_simulated)}"
    yield f"model: {found.model_from}"
    yield (
        f"simulated in {wording.span(found.cpu_seconds)} of CPU, "
        f"{wording.count(phones.intended / max(found.cpu_seconds, 1e-9))} phones for each second of it"
    )
    yield from judged(found.slo)


def _troubles(found: Simulation) -> Iterator[str]:
    made = found.certificates
    yield (
        f"retries: {wording.count(found.retries)}; timeouts of phones: "
        f"{wording.count(found.phone_timeouts)}, of the RA: {_counted(found.ra_timeouts)}"
    )
    yield (
        f"certificates: {wording.count(made.issued)} issued, {wording.count(made.delivered)} delivered, "
        f"{wording.count(made.handed_out_late)} handed out late, {wording.count(made.orphaned)} orphans, "
        f"{wording.count(made.kept)} kept"
    )
    if found.phones_not_connected or found.ca_not_connected or found.ca_turned_away:
        yield (
            f"no connection: {wording.count(found.phones_not_connected)} times for phones, "
            f"{wording.count(found.ca_not_connected)} for the RA; "
            f"turned away by the CA: {wording.count(found.ca_turned_away)}"
        )


def _counted(timeouts: dict[Stage, int]) -> str:
    known = [f"{wording.count(number)} ({stage})" for stage, number in timeouts.items() if number]
    return ", ".join(known) or "0"


def _busy(found: Simulation) -> Iterator[str]:
    for field, name in _BUSY:
        share = getattr(found.usage, field)
        if share is not None:
            yield f"{name} {wording.share(share)}"
    if found.usage.ra_cpu is not None:
        cores = found.model.overheads.cores * found.model.ra_nodes
        yield f"RA CPU {wording.share(found.usage.ra_cpu / cores)} of {cores} cores"
