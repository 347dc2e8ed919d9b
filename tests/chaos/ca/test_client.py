"""The client of the CA's management port, against a real one."""

from collections.abc import Iterator

import pytest

from chaos.ca.client import CaManagement
from chaos.errors import CaApiRefused, CaApiUnreachable
from testbed.ca.faults import Fault, FaultPlan
from tests.mock_ca import mock_ca


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mock_ca(tmp_path_factory.mktemp("ca")) as running:
        yield running.addresses["management"]


@pytest.fixture
def management(url: str) -> Iterator[CaManagement]:
    with CaManagement(url) as client:
        yield client
        client.end_faults()


def test_a_fault_is_there_for_the_length_of_its_block(management: CaManagement) -> None:
    fault = Fault(kind="delay", stage="form", seconds=1.5)
    with management.fault(fault) as active:
        assert management.faults().faults == (active,)
        assert active.fault == fault
    assert management.faults().faults == ()


def test_a_fault_that_has_ended_meanwhile_ends_in_peace(management: CaManagement) -> None:
    with management.fault(Fault(kind="hang")):
        management.end_faults()


def test_a_plan_replaces_what_there_is(management: CaManagement) -> None:
    management.add_fault(Fault(kind="hang"))
    board = management.replace_faults(FaultPlan((Fault(kind="error"),), seed=9))
    assert (board.seed, [each.fault.kind for each in board.faults]) == (9, ["error"])


def test_a_refusal_has_the_ports_words(management: CaManagement) -> None:
    wrong = Fault(kind="hang", probability=2.0)
    with pytest.raises(CaApiRefused, match="probability") as refused:
        management.add_fault(wrong)
    assert refused.value.status == 400


def test_nobody_there_is_said_so() -> None:
    with CaManagement("http://127.0.0.1:1") as nobody, pytest.raises(CaApiUnreachable, match="no CA answers"):
        nobody.faults()
