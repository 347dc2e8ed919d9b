"""Faults of the RA's settings: the guide's lines in one enrollment, and none without them."""

from chaos.ra.faults.template_mistyped import TemplateMistyped
from tests.chaos.chain import Chain, leaves_its_evidence
from tests.testbed.ra.guide import excerpt, generals


def test_a_mistyped_template_fails_the_enrollment_without_a_reason(system: Chain) -> None:
    assert not leaves_its_evidence(system, TemplateMistyped()).enrolled


def test_its_lines_are_those_of_the_guide(system: Chain) -> None:
    with TemplateMistyped().strike(system):
        lines = generals(system.enroll().text("nginx_error").splitlines())
    assert lines == generals(excerpt("***EST [INFO][est_enroll_auth:356]", "Auth type=1"))
