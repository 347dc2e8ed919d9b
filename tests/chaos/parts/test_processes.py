"""Faults of the processes of CA and RA: their lines in one enrollment, none without them, nothing left."""

import time
from collections.abc import Sequence

import psutil
import pytest

from chaos.ca.faults import disk_full as ca_disk_full
from chaos.ca.faults import killed as ca_killed
from chaos.ca.faults import no_descriptors as ca_no_descriptors
from chaos.ca.faults import paused as ca_paused
from chaos.ca.faults import starved as ca_starved
from chaos.errors import FaultNotInjected
from chaos.parts.killed import KilledPart
from chaos.parts.limited import LimitedPart
from chaos.parts.paused import PausedPart
from chaos.parts.starved import StarvedPart
from chaos.process import is_paused
from chaos.ra.faults import killed as ra_killed
from chaos.ra.faults import no_descriptors as ra_no_descriptors
from chaos.ra.faults import paused as ra_paused
from chaos.ra.faults import starved as ra_starved
from chaos.system import Part
from tests.chaos.chain import Chain, lasts_until_the_second_ends, leaves_its_evidence
from tests.processes import wait_until

LASTING: tuple[PausedPart | LimitedPart, ...] = (
    ca_paused.Paused(), ca_no_descriptors.NoDescriptors(), ca_disk_full.DiskFull(),
    ra_paused.Paused(), ra_no_descriptors.NoDescriptors(),
)  # fmt: skip
FAILING: tuple[PausedPart | LimitedPart | KilledPart, ...] = (
    *LASTING, ca_killed.Killed(), ra_killed.Killed(),
)  # fmt: skip
STARVED: tuple[StarvedPart, ...] = (ca_starved.Starved(share=0.2), ra_starved.Starved(share=0.2))
_RESOURCES = (psutil.RLIMIT_NOFILE, psutil.RLIMIT_FSIZE)
_PARTS: tuple[Part, ...] = ("ca", "ra")


def limits(system: Chain) -> list[tuple[int, int]]:
    states = [system.control.part(part) for part in _PARTS]
    pids = [pid for state in states for pid in (state.pid, *state.children)]
    return [psutil.Process(pid).rlimit(resource) for pid in pids for resource in _RESOURCES]


def name_of(fault: object) -> str:
    return str(getattr(fault, "name", fault))


@pytest.mark.parametrize("fault", FAILING, ids=name_of)
def test_a_fault_fails_one_enrollment_by_its_lines(
    system: Chain, fault: PausedPart | LimitedPart | KilledPart
) -> None:
    before = limits(system)
    assert not leaves_its_evidence(system, fault).enrolled
    assert limits(system) == before


@pytest.mark.parametrize("fault", FAILING, ids=name_of)
@pytest.mark.parametrize("first", [0, 1])
def test_two_at_once_last_until_the_second_ends_whichever_that_is(
    system: Chain, fault: PausedPart | LimitedPart | KilledPart, first: int
) -> None:
    before = limits(system)
    lasts_until_the_second_ends(system, fault, first)
    assert limits(system) == before


@pytest.mark.parametrize("fault", LASTING, ids=name_of)
def test_a_part_that_is_started_anew_meanwhile_is_free_of_it(
    system: Chain, fault: PausedPart | LimitedPart
) -> None:
    before = limits(system)
    with fault.strike(system):
        system.control.restart(fault.part)
        assert system.enroll().attempt.enrolled
    assert system.enroll().attempt.enrolled
    assert limits(system) == before


@pytest.mark.parametrize("fault", LASTING, ids=name_of)
def test_a_dead_part_cannot_be_struck_and_one_that_dies_meanwhile_is_no_error(
    system: Chain, fault: PausedPart | LimitedPart
) -> None:
    with fault.strike(system):
        system.control.kill(fault.part)
    with pytest.raises(FaultNotInjected, match="dead"), fault.strike(system):
        pytest.fail("it was struck")
    system.control.restart(fault.part)
    assert system.enroll().attempt.enrolled


@pytest.mark.parametrize("fault", [ca_killed.Killed(seconds=0.2), ra_killed.Killed(seconds=0.2)], ids=name_of)
def test_a_killed_part_comes_back_by_itself_after_so_long(system: Chain, fault: KilledPart) -> None:
    with fault.strike(system):
        assert wait_until(lambda: system.control.part(fault.part).pid)
        starts = system.control.part(fault.part).starts
    assert system.enroll().attempt.enrolled
    assert system.control.part(fault.part).starts == starts


def frozen(pid: int) -> Sequence[bool]:
    """Whether the process is, looked at for a second."""
    found = []
    for _ in range(100):
        found.append(is_paused(pid))
        time.sleep(0.01)
    return found


@pytest.mark.parametrize("fault", STARVED, ids=name_of)
def test_a_starved_part_is_frozen_most_of_the_time_and_never_afterwards(
    system: Chain, fault: StarvedPart
) -> None:
    pid = system.control.part(fault.freeze.part).pid
    with fault.strike(system):
        found = frozen(pid)
    assert 0.2 < sum(found) / len(found) < 1
    assert not is_paused(pid)
    assert system.enroll().attempt.enrolled


@pytest.mark.parametrize("fault", STARVED, ids=name_of)
def test_a_part_that_is_starved_and_paused_stays_frozen_until_the_pause_ends(
    system: Chain, fault: StarvedPart
) -> None:
    pid = system.control.part(fault.freeze.part).pid
    with fault.strike(system), fault.freeze.strike(system):
        assert all(frozen(pid))
    assert not is_paused(pid)


@pytest.mark.parametrize("fault", STARVED, ids=name_of)
def test_a_dead_part_cannot_be_starved_and_one_that_dies_meanwhile_is_no_error(
    system: Chain, fault: StarvedPart
) -> None:
    part = fault.freeze.part
    with fault.strike(system):
        system.control.kill(part)
    with pytest.raises(FaultNotInjected, match="dead"), fault.strike(system):
        pytest.fail("it was struck")
    system.control.restart(part)
    assert system.enroll().attempt.enrolled
