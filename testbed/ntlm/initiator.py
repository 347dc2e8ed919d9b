"""The client's side of NTLM, byte for byte the shape that curl sends."""

import os
import time
from collections.abc import Callable

from testbed.ntlm import proof
from testbed.ntlm.messages import Authenticate, AvId, Challenge, Flag, Negotiate, decode_target_info

# What curl's unasked Type 1 offers: OEM strings and NTLM with extended session security.
_OFFER = Flag.OEM | Flag.REQUEST_TARGET | Flag.NTLM | Flag.ALWAYS_SIGN | Flag.EXTENDED_SESSION_SECURITY
_TYPE_1 = Negotiate(_OFFER).encode()
_WORKSTATION = "WORKSTATION"


class Initiator:
    """Logs one account in, as often as asked; its NT hash is computed once."""

    def __init__(
        self,
        domain: str,
        user: str,
        password: str,
        *,
        now: Callable[[], float] = time.time,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._domain, self._user = domain, user
        self._key = proof.response_key(proof.nt_hash(password), user, domain)
        self._now, self._random_bytes = now, random_bytes

    def negotiate(self) -> bytes:
        """The Type 1 message."""
        return _TYPE_1

    def authenticate(self, type2: bytes) -> bytes:
        """The Type 3 message, an NTLMv2 answer to `type2`; NtlmError when that is no Type 2."""
        challenge = Challenge.decode(type2)
        nonce = self._random_bytes(8)
        blob = self._blob(challenge.target_info, nonce)
        lm_proof = proof.nt_proof(self._key, challenge.server_challenge, nonce)
        nt_proof = proof.nt_proof(self._key, challenge.server_challenge, blob)
        return Authenticate(
            flags=challenge.flags,
            domain=self._domain,
            user=self._user,
            workstation=_WORKSTATION,
            lm_response=lm_proof + nonce,
            nt_response=nt_proof + blob,
        ).encode()

    def _blob(self, target_info: bytes, nonce: bytes) -> bytes:
        server_time = decode_target_info(target_info).get(AvId.TIMESTAMP) if target_info else None
        moment = server_time or proof.filetime(self._now())
        return b"\x01\x01" + bytes(6) + moment + nonce + bytes(4) + target_info + bytes(4)
