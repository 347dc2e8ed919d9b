"""Faults of the CA's processes: their lines in one enrollment, and none without them."""

import psutil
import pytest

from chaos.ca.faults.disk_full import DiskFull
from chaos.ca.faults.killed import Killed
from chaos.ca.faults.no_descriptors import NoDescriptors
from chaos.ca.faults.paused import Paused
from chaos.errors import FaultNotInjected
from chaos.fault import Fault
from tests.chaos.chain import Chain, leaves_its_evidence
from tests.processes import wait_until

FAULTS: tuple[Fault, ...] = (Paused(), Killed(), NoDescriptors(), DiskFull())
_RESOURCES = (psutil.RLIMIT_NOFILE, psutil.RLIMIT_FSIZE)


def limits(system: Chain) -> list[tuple[int, int]]:
    state = system.control.part("ca")
    pids = (state.pid, *state.children)
    return [psutil.Process(pid).rlimit(resource) for pid in pids for resource in _RESOURCES]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fails_one_enrollment_by_its_lines(system: Chain, fault: Fault) -> None:
    before = limits(system)
    assert not leaves_its_evidence(system, fault).enrolled
    assert limits(system) == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("first", [0, 1])
def test_two_at_once_last_until_the_second_ends_whichever_that_is(
    system: Chain, fault: Fault, first: int
) -> None:
    before = limits(system)
    strikes = [fault.strike(system), fault.strike(system)]
    for strike in strikes:
        strike.__enter__()
    strikes[first].__exit__(None, None, None)
    assert not system.enroll().attempt.enrolled
    strikes[1 - first].__exit__(None, None, None)
    assert system.enroll().attempt.enrolled
    assert limits(system) == before


@pytest.mark.parametrize("fault", [Paused(), NoDescriptors(), DiskFull()], ids=lambda fault: fault.name)
def test_a_part_that_is_started_anew_meanwhile_is_free_of_it(system: Chain, fault: Fault) -> None:
    before = limits(system)
    with fault.strike(system):
        system.control.restart("ca")
        assert system.enroll().attempt.enrolled
    assert system.enroll().attempt.enrolled
    assert limits(system) == before


@pytest.mark.parametrize("fault", [Paused(), NoDescriptors(), DiskFull()], ids=lambda fault: fault.name)
def test_a_dead_part_cannot_be_struck_and_one_that_dies_meanwhile_is_no_error(
    system: Chain, fault: Fault
) -> None:
    with fault.strike(system):
        system.control.kill("ca")
    with pytest.raises(FaultNotInjected, match="dead"), fault.strike(system):
        pytest.fail("it was struck")
    system.control.restart("ca")
    assert system.enroll().attempt.enrolled


def test_a_killed_part_comes_back_by_itself_after_so_long(system: Chain) -> None:
    with Killed(seconds=0.2).strike(system):
        assert system.control.part("ca").pid == 0
        assert wait_until(lambda: system.control.part("ca").pid)
        starts = system.control.part("ca").starts
    assert system.enroll().attempt.enrolled
    assert system.control.part("ca").starts == starts
