import base64

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.testbed.ra.conftest import EST_PASSWORD, RunningRa
from tests.testbed.ra.scripted_ca import ScriptedCa

GOOD = ("Authorization", "Basic " + base64.b64encode(f"capf:{EST_PASSWORD}".encode()).decode())


def certificates(body: bytes) -> list[x509.Certificate]:
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))


def test_an_enrollment_ends_with_the_certificate_in_libests_wire_form(
    running_ra: RunningRa, ca: ScriptedCa, csr_lines: bytes
) -> None:
    async def scenario() -> None:
        async with running_ra() as client:
            reply = await client.enroll(csr_lines, GOOD)
            assert reply.status == 200
            assert reply.headers.get("status") == "200 OK"
            assert reply.headers.get("content-type") == "application/pkcs7-mime; smime-type=certs-only"
            assert reply.headers.get("content-transfer-encoding") == "base64"
            assert certificates(reply.body) == [ca.issued[10]]

    uvloop.run(scenario())
