"""What all kinds of the chaos mode have in common: how they end, whatever happens to the CA meanwhile."""

import pytest

from chaos.ca.client import CaManagement
from chaos.ca.faults.error import Error
from chaos.ca.faults.paused import Paused
from chaos.ca.faults.wrong_key import WrongKey
from chaos.errors import FaultNotInjected
from tests.chaos.chain import Chain
from tests.processes import wait_until


def active(system: Chain) -> int:
    with CaManagement(system.ca_management) as ca:
        return len(ca.faults().faults)


def test_a_kind_for_one_stage_is_active_at_that_stage() -> None:
    assert WrongKey(count=2).order().stage == "download"
    assert Error(stage="submit").order().stage == "submit"
    assert Error().order().stage == "any"


def test_its_share_and_count_are_those_of_the_chaos_mode(system: Chain) -> None:
    with Error(count=1).strike(system):
        outcomes = [system.enroll().attempt.enrolled for _ in range(2)]
    assert outcomes == [False, True]
    with Error(probability=0.0).strike(system):
        assert system.enroll().attempt.enrolled


@pytest.mark.parametrize("first", [0, 1])
def test_two_at_once_end_each_for_itself(system: Chain, first: int) -> None:
    strikes = [Error().strike(system), Error().strike(system)]
    for strike in strikes:
        strike.__enter__()
    strikes[first].__exit__(None, None, None)
    assert active(system) == 1
    strikes[1 - first].__exit__(None, None, None)
    assert active(system) == 0


def test_one_that_the_ca_lost_when_it_was_started_anew_does_not_end_another(system: Chain) -> None:
    lost, other = Error().strike(system), Error().strike(system)
    lost.__enter__()
    system.control.restart("ca")
    with other:
        lost.__exit__(None, None, None)
        assert active(system) == 1
    assert active(system) == 0


def test_a_dead_ca_cannot_be_struck_and_one_that_dies_meanwhile_is_no_error(system: Chain) -> None:
    with Error().strike(system):
        system.control.kill("ca")
    with pytest.raises(FaultNotInjected, match=r"ca\.error: no CA answers"), Error().strike(system):
        pytest.fail("it was struck")
    system.control.restart("ca")
    assert system.enroll().attempt.enrolled


def test_one_that_ends_while_the_ca_is_frozen_is_gone_when_it_goes_on(system: Chain) -> None:
    strike = Error().strike(system)
    strike.__enter__()
    with Paused().strike(system):
        strike.__exit__(None, None, None)
    assert wait_until(lambda: active(system) == 0)
    assert system.enroll().attempt.enrolled
