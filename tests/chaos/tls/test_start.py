"""An RA that is started while its CA shows the wrong certificate: the guide's excerpts, whole."""

import time

import pytest

from chaos.errors import ControlRefused
from chaos.tls.faults.not_yet_valid import NotYetValid
from chaos.tls.faults.unknown_issuer import UnknownIssuer
from chaos.tls.faults.wrong_name import WrongName
from chaos.tls.hop import TlsFault
from tests.chaos.chain import Chain
from tests.testbed.ra.guide import excerpt, generals

PATIENCE_SECONDS = 20.0


@pytest.mark.parametrize(
    ("fault", "containing"),
    [
        (UnknownIssuer(), "unable to get local issuer certificate"),
        (WrongName(subject="lab-dc"), "return code 51"),
        (NotYetValid(), "certificate is not yet valid"),
    ],
)
def test_it_does_not_start_says_the_guides_lines_and_starts_when_the_fault_is_over(
    system: Chain, fault: TlsFault, containing: str
) -> None:
    log = system.logs / "nginx_error.log"
    guide = generals(excerpt("nginx: [warn] login_to", containing))
    with fault.strike(system):
        before = len(log.read_text())
        with pytest.raises(ControlRefused, match="cannot read the CA's chain: curl"):
            system.control.restart("ra")
        said = log.read_text()[before:].replace(system.ca_host, "lab-dc.michamen.com").splitlines()
        assert generals(said)[: len(guide)] == guide
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not system.control.part("ra").pid:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert system.enroll().attempt.enrolled
