"""Calibration from the run folder of a storm on a lab: what its steps cost beside the CA's service times."""

from pathlib import Path

import polars as pl

from exporters.logs.sources import find_logs
from loadtests.calibration import estimating
from loadtests.calibration.chain_log import read_chain_logs
from loadtests.calibration.document import Calibration
from loadtests.calibration.iis import STAGES, CaLog
from loadtests.calibration.reading import ca_log_of, manner_of_lab
from loadtests.errors import ModelError, ScenarioError
from loadtests.results import summary as summaries
from loadtests.results import table as enrollments
from loadtests.results.summary import Summary
from loadtests.scenario import Scenario, read_scenario
from loadtests.simulation.settings import Overheads
from loadtests.storm.run_folder import RunFolder
from testbed.ca.capacity import SIGNING
from testbed.ca.capacity_settings import ConstantTime, SamplesTime, ServiceTime
from testbed.ca.distributions import Draw, drawer

_CALLS = {"two": 5, "one": 4}
_BESIDE_WAITING = ("connect_seconds", "tls_seconds", "send_seconds", "read_seconds", "check_seconds")
_MOST_FAILED_SHARE = 0.02
_PHONE_SAMPLES = 200
_FEW_ATTEMPTS = 20


def calibrate_run(path: Path) -> Calibration:
    """The calibration of the run in folder `path`.

    The CA's settings are the scenario's, which are known; what was measured of its pages stands beside them.
    ScenarioError, JournalError or LogsError for a folder that lacks something, ModelError for a run of which
    too many attempts failed.
    """
    folder = RunFolder(path.resolve())
    scenario, summary = read_scenario(folder.scenario), summaries.read(folder.summary)
    if scenario.target.url:
        raise ScenarioError(
            f"{path} ran against {scenario.target.url}, of which only its answers were seen; give estorm "
            "calibrate its CA's IIS logs"
        )
    attempts = enrollments.read(folder.enrollments)
    files, _ = find_logs([folder.logs])
    log = ca_log_of(files)
    stages = {stage: estimating.stage_times(rows) for stage, rows in log.stages.items()}
    return Calibration(
        source="run",
        made_from=(folder.name,),
        known=(
            "service times, threads, queues and signing are those of the run's scenario",
            *estimating.known(log, stages),
        ),
        unknown=_unknown(attempts),
        load=estimating.load_of(log),
        chain=read_chain_logs(
            files, manner_of_lab(scenario.phones.read_timeout_seconds), summary.run.ended.timestamp
        ),
        stages={str(stage): times for stage, times in stages.items()},
        overheads=overheads(scenario, summary, attempts, log),
        capacity=scenario.ca.capacity,
    )


def overheads(scenario: Scenario, summary: Summary, attempts: pl.DataFrame, log: CaLog) -> Overheads:
    """What a run's enrollments took beside the CA's service times.

    The phone's share is of the quicker half, which waited for no worker. What the RA's answers took beyond
    the service times that the CA drew is the RA's CPU time, and the rest is spread over its calls: queues,
    where there were any, with it. NGINX in front computes before a worker is held, most of it to shake hands:
    it is a part of its own, and no part of the RA's CPU time or the phone's share.
    """
    enrolled = attempts.filter("enrolled")
    if attempts.height == 0 or enrolled.height < (1 - _MOST_FAILED_SHARE) * attempts.height:
        raise ModelError(
            f"{attempts.height - enrolled.height} of {attempts.height} attempts failed; overheads are taken "
            "from a run in which nearly all enroll"
        )
    handles = scenario.ra.connections.handles
    spent = summary.cpu_seconds
    front_cpu = (spent.ra_front or 0.0) / attempts.height
    ra_cpu = max(0.0, (spent.ra or 0.0) / attempts.height - front_cpu)
    beyond = _mean_wait(enrolled) - _drawn_seconds(scenario, log)
    cpus = summary.run.host.cpus if summary.run.host else 1
    return Overheads(
        phone=_phone(enrolled, front_cpu),
        call=_constant((beyond - ra_cpu) / _CALLS[handles]),
        ra_cpu_seconds=ra_cpu,
        cores=min(scenario.ra.workers.process_count, cpus),
        ra_front_cpu_seconds=front_cpu,
    )


def _unknown(attempts: pl.DataFrame) -> tuple[str, ...]:
    said = ["overheads are means over the run; a busier machine has longer ones"]
    if attempts.height < _FEW_ATTEMPTS:
        said.append(f"overheads are those of {attempts.height} attempts, which are few")
    return tuple(said)


def _mean_wait(enrolled: pl.DataFrame) -> float:
    mean = enrolled["wait_seconds"].mean()
    return mean if isinstance(mean, float) else 0.0


def _drawn_seconds(scenario: Scenario, log: CaLog) -> float:
    """The service times of a mean enrollment: those that the CA drew, which its seed draws again."""
    capacity, seed = scenario.ca.capacity, scenario.ca.seed
    counts = {stage: log.stages[stage].total.count for stage in STAGES}
    submissions = max(counts["submit"], 1)
    # Before any phone, the RA logs in and reads the CA's chain: a download that nobody submitted for.
    before = dict.fromkeys(("login", "download"), max(0, counts["download"] - counts["submit"]))
    sums = [
        _sum(drawer(getattr(capacity, stage), seed, stage), number, before.get(stage, 0))
        for stage, number in counts.items()
    ]
    return (sum(sums) + _sum(drawer(capacity.signing, seed, SIGNING), submissions, 0)) / submissions


def _sum(draw: Draw, number: int, left_out: int) -> float:
    """What `number` draws come to without the first ones."""
    drawn = [draw() for _ in range(number)]
    return sum(drawn[left_out:])


def _phone(enrolled: pl.DataFrame, front_cpu_seconds: float) -> ServiceTime | None:
    beside = enrolled.select(pl.sum_horizontal(*_BESIDE_WAITING)).to_series().drop_nulls().sort()
    quick = beside.head(max(1, beside.len() // 2))
    if quick.is_empty():
        return None
    picked = quick.gather_every(max(1, quick.len() // _PHONE_SAMPLES))
    return SamplesTime(tuple(round(max(0.0, each - front_cpu_seconds), 6) for each in picked))


def _constant(seconds: float) -> ServiceTime | None:
    return ConstantTime(seconds) if seconds > 0 else None
