"""Real clocks that are wrong, each in one enrollment between two on time."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.clock.faults.drift import Drift
from chaos.clock.faults.skew import Skew
from chaos.errors import FaultNotInjected
from chaos.settings import ChaosSettings
from chaos.system import Clocked
from chaos.tls.faults.expired import Expired
from chaos.tls.faults.not_yet_valid import NotYetValid
from chaos.tls.hop import TlsFault
from tests.chaos.chain import Chain, chain, leaves_its_evidence
from tests.chaos.rigs import running_rig
from tests.guide import paragraph
from tests.testbed.ra.guide import generals

pytestmark = pytest.mark.long

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain(tmp_path_factory.mktemp("chain"), chaos=ChaosSettings(clock=True)) as running:
        yield running


@pytest.mark.parametrize("offset_seconds", [-HOUR, -3 * 365 * DAY])
def test_an_ra_that_is_behind_says_the_guides_line_of_ntp(system: Chain, offset_seconds: float) -> None:
    fault = Skew(part="ra", offset_seconds=offset_seconds)
    assert not leaves_its_evidence(system, fault).enrolled
    assert re.search(fault.evidence()[0].pattern, paragraph("certificate is not yet valid"))


def test_an_ra_that_is_ahead_says_that_the_cas_certificate_has_expired(system: Chain) -> None:
    assert not leaves_its_evidence(system, Skew(part="ra", offset_seconds=400 * DAY)).enrolled


@pytest.mark.parametrize("offset_seconds", [HOUR, -800 * DAY])
def test_a_ca_with_another_date_issues_what_capf_refuses(system: Chain, offset_seconds: float) -> None:
    attempt = leaves_its_evidence(system, Skew(part="ca", offset_seconds=offset_seconds))
    assert (attempt.est_error, attempt.http_status) == ("EST_ERR_VALIDATION", 200)


@pytest.mark.parametrize("part", ["ca", "ra"])
def test_five_minutes_harm_nobody(system: Chain, part: Clocked) -> None:
    assert leaves_its_evidence(system, Skew(part=part, offset_seconds=300.0)).enrolled


def test_a_ca_whose_clock_drifts_issues_what_capf_refuses_once_it_is_ten_minutes_ahead(system: Chain) -> None:
    fault = Drift(part="ca", rate=40.0, offset_seconds=540.0)
    late = fault.evidence()
    assert late == Skew(part="ca", offset_seconds=HOUR).evidence()
    assert Skew(part="ca", offset_seconds=fault.offset_seconds).evidence() == ()
    with fault.strike(system):
        deadline = time.monotonic() + 10
        while (struck := system.enroll()).attempt.enrolled:
            assert time.monotonic() < deadline
        assert struck.shows(late)
    assert system.enroll().attempt.enrolled


@pytest.mark.parametrize(
    ("clock", "certificate"),
    [
        (Skew(part="ra", offset_seconds=-HOUR), NotYetValid()),
        (Skew(part="ra", offset_seconds=400 * DAY), Expired()),
    ],
)
def test_certificates_with_shifted_validity_leave_the_lines_that_a_clock_leaves(
    system: Chain, clock: Skew, certificate: TlsFault
) -> None:
    def said_by(fault: Skew | TlsFault) -> list[str]:
        with fault.strike(system):
            return system.enroll().text("nginx_error").splitlines()

    assert generals(said_by(clock)) == generals(said_by(certificate))
    assert clock.evidence() == certificate.evidence()


def test_a_part_that_is_started_anew_is_still_off_and_right_once_the_fault_is_over(system: Chain) -> None:
    fault = Skew(part="ca", offset_seconds=HOUR)
    with fault.strike(system):
        system.control.kill("ca")
        system.control.restart("ca")
        assert system.enroll().shows(fault.evidence())
    assert system.enroll().attempt.enrolled


def test_two_strikes_at_once_are_as_one_and_another_reading_is_refused(system: Chain) -> None:
    fault = Skew(part="ra", offset_seconds=-HOUR)
    with fault.strike(system):
        with fault.strike(system):
            pass
        assert system.enroll().shows(fault.evidence())
        other, refusal = Skew(part="ra", offset_seconds=HOUR), "another fault has shifted the clock"
        with pytest.raises(FaultNotInjected, match=refusal), other.strike(system):
            pass
        assert system.enroll().shows(fault.evidence())
    assert system.enroll().attempt.enrolled


def test_a_chain_on_the_machines_clock_refuses_and_says_what_to_set(tmp_path: Path) -> None:
    with running_rig(tmp_path, ChaosSettings(tcp=False, dns=False)) as rig, rig.system() as system:
        refusal = r"^clock\.skew: the ra runs on the machine's clock; set clock = true in \[chaos\]"
        with pytest.raises(FaultNotInjected, match=refusal), Skew(part="ra").strike(system):
            pass
