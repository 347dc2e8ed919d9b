"""The lines of the TLS faults are the guide's, where the guide has an excerpt."""

import re

import pytest

from chaos.tls.faults.expired import Expired
from chaos.tls.faults.missing_intermediate import MissingIntermediate
from chaos.tls.faults.not_yet_valid import NotYetValid
from chaos.tls.faults.self_signed import SelfSigned
from chaos.tls.faults.unknown_issuer import UnknownIssuer
from chaos.tls.faults.wrong_name import WrongName
from chaos.tls.hop import TlsFault
from tests.guide import guide_text, paragraph

# Two paragraphs of the guide have this one's text: for a CA that is not trusted, and for a self-signed IIS.
NO_ISSUER = "return code 60 (SSL certificate problem: unable to get local issuer certificate)"
LINE = f"nginx: [warn] login_to_certsrv_ca: Curl call for MS CA login failed with {NO_ISSUER}"


def line_of(fault: TlsFault) -> str:
    return next(each.pattern for each in fault.evidence() if each.log == "nginx_error")


@pytest.mark.parametrize("fault", [UnknownIssuer(), MissingIntermediate(), SelfSigned()])
def test_an_issuer_that_is_not_trusted_is_the_guides_curl_60(fault: TlsFault) -> None:
    assert guide_text().count(LINE) == 2
    assert re.search(line_of(fault), LINE)


def test_another_name_is_the_guides_curl_51() -> None:
    excerpt = paragraph("return code 51")
    assert re.search(line_of(WrongName(subject="lab-dc")), excerpt)
    assert not re.search(line_of(WrongName(subject="another")), excerpt)


def test_a_certificate_that_is_not_valid_yet_is_the_guides_line_of_ntp() -> None:
    excerpt = paragraph("certificate is not yet valid")
    assert re.search(line_of(NotYetValid()), excerpt)
    assert not re.search(line_of(Expired()), excerpt)
