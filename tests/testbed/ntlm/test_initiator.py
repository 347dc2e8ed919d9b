import base64
from pathlib import Path

import pytest
import spnego

from testbed.errors import NtlmError
from testbed.ntlm import proof
from testbed.ntlm.initiator import Initiator
from testbed.ntlm.messages import Negotiate


def test_the_first_message_is_the_one_curl_sends() -> None:
    sent = base64.b64encode(Initiator("D", "u", "p").negotiate())
    assert sent == b"TlRMTVNTUAABAAAABoIIAAAAAAAAAAAAAAAAAAAAAAA="


def test_another_acceptor_accepts_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = tmp_path / "users"
    users.write_text("ESTORM:ciscora:S3cret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    server, client = spnego.server(protocol="ntlm"), Initiator("ESTORM", "ciscora", "S3cret")
    type2 = server.step(client.negotiate())
    assert type2
    server.step(client.authenticate(type2))
    assert server.complete
    assert server.client_principal == "ESTORM\\ciscora"


def test_a_challenge_that_is_none_is_refused() -> None:
    with pytest.raises(NtlmError, match="type 1 where type 2"):
        Initiator("D", "u", "p").authenticate(Negotiate(0).encode())


def test_the_response_key_is_the_documented_one() -> None:
    # MS-NLMP section 4.2.4.1.1, with the password and names of section 4.2.1.
    key = proof.response_key(proof.nt_hash("Password"), "User", "Domain")
    assert key.hex() == "0c868a403bfd7a93a3001ef22ef02e3f"
