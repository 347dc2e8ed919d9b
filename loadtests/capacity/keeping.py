"""What a plan needs of a search: a calibration, made from one trial's logs before these are removed."""

from pathlib import Path

import msgspec

from exporters.logs.errors import LogsError
from loadtests.calibration.document import Calibration
from loadtests.calibration.run import calibrate_run
from loadtests.errors import LoadtestError
from loadtests.storm.run_folder import RunFolder


def keep_calibration(trial: RunFolder, path: Path) -> bool:
    """Write the calibration of a trial on a lab to `path`, unless there is one; whether there is one now.

    One that was cut when the search was killed is none. The first trial that can be calibrated is the right
    one: one phone at a time waits for nobody, so that what its steps take beside the CA's service times is
    not mistaken for a queue. A trial in which too many failed leaves none, and the next one is tried.
    """
    if _is_whole(path):
        return True
    try:
        found = calibrate_run(trial.path)
        msgspec.structs.replace(found, made_from=(trial.name,)).write(path)
    except (LoadtestError, LogsError):
        return False
    return True


def _is_whole(path: Path) -> bool:
    try:
        return bool(path.exists() and Calibration.read(path))
    except LoadtestError:
        return False
