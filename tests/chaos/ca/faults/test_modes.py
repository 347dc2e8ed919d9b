"""Every kind of the CA's chaos mode leaves its lines in one enrollment, and none before and after."""

import pytest

from chaos.ca.faults.cold_challenge import ColdChallenge
from chaos.ca.faults.cold_start import ColdStart
from chaos.ca.faults.cut import Cut
from chaos.ca.faults.delay import Delay
from chaos.ca.faults.denied import Denied
from chaos.ca.faults.empty import Empty
from chaos.ca.faults.error import Error
from chaos.ca.faults.forbidden import Forbidden
from chaos.ca.faults.hang import Hang
from chaos.ca.faults.html import Html
from chaos.ca.faults.pending import Pending
from chaos.ca.faults.reset import Reset
from chaos.ca.faults.unauthorized import Unauthorized
from chaos.ca.faults.unavailable import Unavailable
from chaos.ca.faults.wrong_key import WrongKey
from chaos.ca.faults.wrong_type import WrongType
from chaos.ca.mode import CaMode
from tests.chaos.chain import Chain, leaves_its_evidence

pytestmark = pytest.mark.long

FAILING: tuple[CaMode, ...] = (
    ColdChallenge(),
    Cut(), Cut(stage="form"), Cut(stage="submit"), Cut(stage="download"),
    Denied(),
    Empty(), Empty(stage="submit"), Empty(stage="download"),
    Error(), Error(stage="form"), Error(stage="submit"), Error(stage="download"),
    Forbidden(), Forbidden(stage="submit"),
    Hang(), Hang(stage="form"), Hang(stage="submit"), Hang(stage="download"),
    Html(), Html(stage="submit"), Html(stage="download"),
    Pending(),
    Reset(), Reset(stage="form"), Reset(stage="submit"), Reset(stage="download"),
    Unauthorized(), Unauthorized(stage="form"), Unauthorized(stage="submit"),
    Unavailable(), Unavailable(stage="submit"),
    WrongKey(),
)  # fmt: skip
HARMLESS: tuple[CaMode, ...] = (
    Delay(seconds=0.2),
    Delay(stage="submit", seconds=0.2),
    ColdStart(seconds=0.2),
    WrongType(),
)


def name_of(fault: CaMode) -> str:
    return f"{fault.name}@{fault.felt_at.value}"


@pytest.mark.parametrize("fault", FAILING, ids=name_of)
def test_a_fault_fails_one_enrollment_by_its_lines(system: Chain, fault: CaMode) -> None:
    assert not leaves_its_evidence(system, fault).enrolled


@pytest.mark.parametrize("fault", HARMLESS, ids=name_of)
def test_a_fault_that_fails_nothing_shows_in_the_rows_of_iis_at_most(system: Chain, fault: CaMode) -> None:
    assert leaves_its_evidence(system, fault).enrolled


def test_an_answer_that_comes_after_the_ra_has_gone_is_its_time_out_and_a_row_that_says_so(
    system: Chain,
) -> None:
    assert not leaves_its_evidence(system, Delay(seconds=10.1), timeout_seconds=12.0).enrolled
