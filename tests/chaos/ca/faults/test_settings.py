"""Faults of the CA's settings: their lines in one enrollment, and none without them."""

import pytest

from chaos.ca.faults.account_locked import AccountLocked
from chaos.ca.faults.overloaded import Overloaded
from chaos.ca.faults.password_changed import PasswordChanged
from chaos.ca.faults.slow_hsm import SlowHsm
from chaos.ca.faults.template_removed import TemplateRemoved
from chaos.errors import FaultNotInjected
from chaos.fault import Fault
from chaos.ra.faults.password_changed import PasswordChanged as PasswordFollowed
from tests.chaos.chain import Chain, leaves_its_evidence
from tests.processes import wait_until

FAILING: tuple[Fault, ...] = (
    TemplateRemoved(), AccountLocked(), AccountLocked(state="expired"), AccountLocked(state="must-change"),
    PasswordChanged(),
)  # fmt: skip
SLOW: tuple[Fault, ...] = (SlowHsm(seconds=0.3), Overloaded(seconds=0.2))


@pytest.mark.parametrize("fault", FAILING, ids=lambda fault: fault.name)
def test_a_fault_fails_one_enrollment_by_its_lines(system: Chain, fault: Fault) -> None:
    assert not leaves_its_evidence(system, fault).enrolled


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_a_slow_ca_shows_in_the_rows_of_iis(system: Chain, fault: Fault) -> None:
    assert leaves_its_evidence(system, fault).enrolled


def test_it_outlasts_a_restart_of_the_ca_and_ends_with_the_strike(system: Chain) -> None:
    with AccountLocked().strike(system):
        system.control.restart("ca")
        assert not system.enroll().attempt.enrolled
    assert system.enroll().attempt.enrolled


@pytest.mark.parametrize("first", [0, 1])
def test_two_at_once_end_each_for_itself_whichever_is_first(system: Chain, first: int) -> None:
    locked, slow = AccountLocked(), SlowHsm(seconds=0.3)
    strikes = [locked.strike(system), slow.strike(system)]
    for strike in strikes:
        strike.__enter__()
    strikes[first].__exit__(None, None, None)
    struck = system.enroll()
    assert struck.attempt.enrolled is (first == 0)
    assert struck.shows((slow if first == 0 else locked).evidence())
    strikes[1 - first].__exit__(None, None, None)
    after = system.enroll()
    assert after.attempt.enrolled
    assert after.missing(slow.evidence())


def test_a_new_password_that_the_ra_is_told_too_works(system: Chain) -> None:
    with PasswordChanged(password="new").strike(system):
        assert not system.enroll().attempt.enrolled
        with PasswordFollowed(password="new").strike(system):
            assert system.enroll().attempt.enrolled
    assert wait_until(lambda: system.enroll().attempt.enrolled)


def test_a_password_that_the_ca_does_not_take_is_not_injected(system: Chain) -> None:
    with pytest.raises(FaultNotInjected, match="HTTP status 401"), PasswordFollowed().strike(system):
        pytest.fail("the RA has taken it")
    assert system.enroll().attempt.enrolled
