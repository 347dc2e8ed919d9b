"""What a storm leaves in its run folder, made from its course: table, summary, report."""

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from chaos.annotations import FaultTime, read_fault_times
from loadtests.arrivals.pacing import Schedule
from loadtests.arrivals.shape import intended_rate_per_second
from loadtests.report import gather, wording, write_report
from loadtests.results import slo, summary, table
from loadtests.results.orphans import read_mark
from loadtests.results.summary import CpuSeconds, DeadPart, Facts, Host, Run, Summary
from loadtests.scenario import Scenario
from loadtests.storm.accounting import balance_or_incident
from loadtests.storm.counters import RA_FRONT
from loadtests.storm.course import Course
from loadtests.storm.resumption import ca_records, end_mark
from loadtests.storm.run_folder import RunFolder
from loadtests.swarm.worker_report import read_reports


def write_results(
    scenario: Scenario, folder: RunFolder, course: Course, *, with_report: bool = True
) -> Summary:
    """Write `enrollments.parquet`, `summary.json` and, unless told otherwise, `report.html`."""
    enrollments = table.build(course.attempts)
    table.write(enrollments, folder.enrollments)
    result = summary.summarize(
        enrollments, _facts(scenario, folder, course), slo.parse_all(scenario.slo.rules)
    )
    summary.write(result, folder.summary)
    if with_report:
        text, evidence = folder.scenario.read_text(), gather(scenario, folder)
        write_report(folder.report, enrollments, result, text, evidence)
    return result


def describe(result: Summary) -> Iterator[str]:
    """The outcome as a few lines of text: phones, rate, latency, orphans, CPU, each rule."""
    phones = result.phones
    yield (
        f"{phones.enrolled} of {phones.intended} phones enrolled, {phones.failed} failed, "
        f"{phones.dropped} dropped; {wording.rate(result.throughput_per_second)}; "
        f"orphans: {wording.count(result.orphans)}{_how_known(result)}"
    )
    for name, count in result.outcomes.items():
        yield f"  {name:<22} {count}"
    yield f"CPU: {', '.join(_known_cpu(result.cpu_seconds))}"
    if latency := result.latency_seconds:
        shown = msgspec.structs.asdict(latency).items()
        times = ", ".join(f"{name} {wording.seconds(value)}" for name, value in shown)
        yield f"latency from the intended start: {times}"
    yield from _pace(result)
    yield from map(_fault_line, result.faults)
    yield from (death.reason for death in result.run.dead_parts)
    yield from result.run.incidents
    yield from judged(result.slo)


def judged(rules: slo.Slo) -> Iterator[str]:
    """A line for each rule: whether it is met, and what was measured."""
    for verdict in rules.rules:
        word = {True: "met", False: "NOT MET", None: "unknown"}[verdict.met]
        yield f"SLO {verdict.rule}: {word} ({verdict.note or wording.measured(verdict.value, verdict.unit)})"


def _fault_line(fault: FaultTime) -> str:
    lasted = "not at all" if fault.started is None else "to the end"
    if fault.started is not None and fault.ended is not None:
        lasted = wording.seconds(fault.ended - fault.started)
    return f"fault {fault.fault}: {lasted}" + (f" ({fault.failure})" if fault.failure else "")


def _how_known(result: Summary) -> str:
    """A lab's are counted as a matter of course."""
    return f" ({result.run.orphans_from})" if result.orphans is not None and not result.run.lab else ""


def _pace(result: Summary) -> Iterator[str]:
    """How arrivals went, and whether the generator was the limit."""
    yield f"arrivals: {wording.arrivals(result.arrivals)}"
    for worker in result.generator.lost:
        yield f"generator process {worker.number} was lost with {worker.lost} of its {worker.phones} phones"
    if result.generator_bound:
        yield f"GENERATOR-BOUND, do not blame the server: {'; '.join(result.generator.reasons)}"


def _known_cpu(spent: CpuSeconds) -> Iterator[str]:
    for name in ("generator", "ra", "ca"):
        if (seconds := getattr(spent, name)) is not None:
            of_it = f" (NGINX {spent.ra_front:.1f} s of it)" if name == "ra" and spent.ra_front else ""
            yield f"{name} {seconds:.1f} s{of_it}"


def _facts(scenario: Scenario, folder: RunFolder, course: Course) -> Facts:
    assert scenario.seed is not None
    in_lab = not scenario.target.url
    end_mark(scenario, folder)
    orphans = ca_records(scenario, folder).orphans(course.attempts, read_mark(folder.ca_mark))
    balance = balance_or_incident(scenario, folder, course)
    run = Run(
        id=folder.name, scenario=scenario.name, target=course.target, lab=in_lab,
        started=datetime.fromtimestamp(course.started_at, UTC),
        ended=datetime.fromtimestamp(course.ended_at, UTC),
        dead_parts=[DeadPart(death.name, str(death)) for death in course.deaths],
        incidents=course.incidents, host=_host(), orphans_from=orphans.source.value,
    )  # fmt: skip
    spent = course.cpu_seconds
    return Facts(
        run=run, seed=scenario.seed, phones_intended=scenario.phones.count,
        orphans=orphans.count,
        cpu_seconds=CpuSeconds(
            spent.get("generator"), spent.get("ra"), spent.get("ca"), spent.get(RA_FRONT) or None
        ),
        schedule=_schedule(scenario), reports=read_reports(folder.path),
        stopped=course.interrupted or bool(course.cut_short),
        faults=tuple(read_fault_times(folder.annotations)), certificates=balance,
    )  # fmt: skip


def _schedule(scenario: Scenario) -> Schedule:
    shape, workers = scenario.shape, scenario.generator.processes
    if shape is None:
        return Schedule(workers=workers)
    rate = intended_rate_per_second(shape, scenario.phones.count)
    return Schedule(scenario.arrivals.shape.value, rate, workers)


def _host() -> Host:
    return Host(platform.platform(), platform.python_version(), os.cpu_count() or 1)
