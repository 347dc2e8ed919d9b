"""Which logs there are, and how they are read."""

import time
from collections.abc import Sequence

from exporters.logs.est_errors import EstErrorNames
from exporters.logs.reading import Manner
from exporters.logs.sources import LogFile
from loadtests.calibration.iis import CaLog, read_ca_log
from testbed.est_errors import EstError


def manner_of_lab(capf_timer_seconds: float = 10.0) -> Manner:
    """The way a lab's logs are read: this machine's zone, UTC for IIS."""
    return Manner(EstErrorNames(tuple(map(str, sorted(EstError)))), capf_timer_seconds=capf_timer_seconds)


def ca_log_of(files: Sequence[LogFile], manner: Manner | None = None) -> CaLog:
    """What the IIS logs among these files say."""
    zone = (manner or manner_of_lab()).zone("iis")
    return read_ca_log([file.path for file in files if file.log == "iis"], zone, time.time)
