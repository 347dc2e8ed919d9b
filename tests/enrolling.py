"""One enrollment in a lab, by a client that is not ours."""

import base64
import ssl
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from testbed.lab import Endpoints
from tests.mock_ca import make_csr
from tests.processes import wait_until

# The last line of a request, once it is answered.
_ACCESS = "POST /.well-known/est/simpleenroll HTTP"


def enroll(lab: Endpoints, timeout_seconds: float = 30) -> int:
    """The status of one enrollment; its lines are in the RA's log by then."""
    log = Path(lab.logs) / "nginx_error.log"
    before = log.read_text().count(_ACCESS)
    trust = ssl.create_default_context(cafile=lab.trust_anchor)
    csr = base64.encodebytes(make_csr().public_bytes(Encoding.DER))
    answer = httpx.post(
        f"{lab.ra}/simpleenroll", content=csr, headers={"Content-Type": "application/pkcs10"},
        auth=(lab.est_user, lab.est_password), verify=trust, timeout=timeout_seconds, trust_env=False,
    )  # fmt: skip
    assert wait_until(lambda: log.read_text().count(_ACCESS) > before)
    return answer.status_code
