"""The CA's policy: whom and what it admits, each refusal with AD CS's own code."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from testbed.ca import hresult
from testbed.ca.policy import Decision, Policy
from testbed.ca.records import Disposition
from testbed.ca.settings import CaSettings, TemplateSettings
from testbed.ca.submission import parse_request
from tests.mock_ca import make_csr

ACCOUNT = "ESTORM\\ciscora"


def with_template(**fields: object) -> CaSettings:
    return CaSettings(templates=(msgspec.structs.replace(TemplateSettings(), **fields),))


def decision(settings: CaSettings, account: str = ACCOUNT, template: str | None = "CiscoRA") -> Decision:
    csr = make_csr(key=ec.generate_private_key(ec.SECP256R1()))
    return Policy(settings).decide(account, template, parse_request(csr.public_bytes(Encoding.DER)))


def test_a_request_that_nothing_forbids_is_issued() -> None:
    assert decision(CaSettings()).disposition is Disposition.ISSUED


def test_a_template_that_wants_approval_makes_a_request_wait() -> None:
    assert decision(with_template(approval=True)).disposition is Disposition.PENDING


@pytest.mark.parametrize(
    ("settings", "template", "status"),
    [
        (CaSettings(), None, hresult.NO_TEMPLATE),
        (CaSettings(), "Nope", hresult.UNSUPPORTED_TEMPLATE),
        (
            CaSettings(templates=(TemplateSettings(allowed=("ESTORM\\other",)),)),
            "CiscoRA",
            hresult.TEMPLATE_DENIED,
        ),
        (CaSettings(templates=(TemplateSettings(key_types=("rsa",)),)), "CiscoRA", hresult.KEY_TYPE),
        (CaSettings(denied_accounts=("estorm\\CISCORA",)), "CiscoRA", hresult.ENROLL_DENIED),
        (CaSettings(suspended=True), "CiscoRA", hresult.SUSPENDED),
    ],
    ids=lambda value: getattr(value, "symbol", None),
)
def test_a_refusal_carries_its_code_behind_two_blanks(
    settings: CaSettings, template: str | None, status: hresult.Hresult
) -> None:
    refused = decision(settings, template=template)
    assert (refused.disposition, refused.status) == (Disposition.DENIED, status)
    assert refused.message.startswith(f"Denied by Policy Module  {status.hex}, ")


def test_an_account_that_the_ca_does_not_admit_bars_no_other() -> None:
    settings = CaSettings(denied_accounts=("ESTORM\\other",))
    assert decision(settings).disposition is Disposition.ISSUED
