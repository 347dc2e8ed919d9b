"""Chains to plan for, quick to simulate, with one limit each that is known."""

from loadtests.phones.settings import RetrySettings
from loadtests.simulation.settings import ChainModel
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime, ExponentialTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.certsrv.settings import RaConnections
from testbed.ra.settings import RaSettings

SUBMIT_SECONDS = 1.0
POOLED = RaConnections(reuse_connections=True)


def two_workers(*, retry: RetrySettings = RetrySettings(attempts=1)) -> ChainModel:  # noqa: B008 - frozen
    """Two blocking workers, a second for each enrollment: 2/s, and phones that give up after 10 s."""
    ra = RaSettings(connections=POOLED, workers=RaWorkers("blocking", 2))
    return ChainModel(CapacitySettings(submit=ConstantTime(SUBMIT_SECONDS)), ra, retry=retry)


def one_thread() -> ChainModel:
    """Any number of workers before one page thread of the CA, half a second for each submission."""
    ra = RaSettings(workers=RaWorkers("async"))
    return ChainModel(CapacitySettings(workers=1, submit=ExponentialTime(0.5)), ra)
