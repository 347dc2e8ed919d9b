"""Calibration from production's logs: the CA's service times and load, the chain's failures."""

import time
from collections.abc import Sequence

from exporters.logs.reading import Manner
from exporters.logs.sources import LogFile
from loadtests.calibration import estimating
from loadtests.calibration.chain_log import read_chain_logs
from loadtests.calibration.document import Calibration, Chain, StageTimes
from loadtests.calibration.reading import ca_log_of
from loadtests.errors import ModelError
from loadtests.report import wording
from loadtests.simulation.settings import Overheads
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime

_MOST_FAILED_SHARE = 0.02


def calibrate_logs(files: Sequence[LogFile], manner: Manner) -> Calibration:
    """The calibration of these logs. LogsError for one that cannot be read, ModelError without any time."""
    log = ca_log_of(files, manner)
    stages = {stage: estimating.stage_times(rows) for stage, rows in log.stages.items()}
    if not any(times.requests for times in stages.values()):
        raise ModelError(
            "no IIS log among these files has answered requests of /certsrv with a time-taken: calibration "
            "needs the CA's"
        )
    chain = read_chain_logs(files, manner, time.time)
    named = {str(stage): times for stage, times in stages.items()}
    rest, said = _overheads(chain, named)
    unknown = list(estimating.unknown(log, stages))
    if log.unreadable:
        unknown.append(f"{log.unreadable} lines could not be read")
    return Calibration(
        source="logs",
        made_from=tuple(sorted({file.path.name for file in files})),
        known=estimating.known(log, stages),
        unknown=(*unknown, said),
        load=estimating.load_of(log),
        chain=chain,
        stages=named,
        overheads=rest,
        capacity=estimating.capacity_of(log, CapacitySettings()),
    )


def _overheads(chain: Chain, stages: dict[str, StageTimes]) -> tuple[Overheads, str]:
    """What CAPF's enrollments took beyond the CA's pages, and how that is known in words."""
    if not chain.enrolled:
        return (
            Overheads(),
            "without CAPF's trace, what network and RA take is not known and counts as nothing",
        )
    submissions = max(stages["submit"].requests, 1)
    pages = sum(times.requests / submissions * times.mean_seconds for times in stages.values())
    beyond = max(0.0, chain.mean_enrolled_seconds - pages)
    said = (
        f"CAPF's enrollments took {wording.seconds(chain.mean_enrolled_seconds)} on average, "
        f"{wording.seconds(beyond)} more than the CA's pages: network, RA and the wait for its workers "
        "cannot be told apart, and all of it counts as the phone's share"
    )
    if chain.failed > _MOST_FAILED_SHARE * chain.started:
        said += f"; {chain.failed} of {chain.started} failed, and those who enrolled were the quicker ones"
    return Overheads(phone=ConstantTime(round(beyond, 6)) if beyond else None), said
