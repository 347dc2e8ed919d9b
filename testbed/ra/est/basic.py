"""HTTP Basic authentication (RFC 7617) of the EST client."""

import base64
import binascii
import hmac

from testbed.ra.est.accounts import AuthType, Proof, quoted

# libEST's limit on a user id and on a password.
_CREDENTIAL_BYTES = 255


class BasicAccount:
    """The one account that may enroll."""

    auth_type = AuthType.BASIC

    def __init__(self, user: str, password: str, realm: str) -> None:
        self._expected = f"{user}:{password}".encode()
        self._challenges = (f"Basic realm={quoted(realm)}",)

    def challenges(self, *, stale: bool = False) -> tuple[str, ...]:  # noqa: ARG002 - Basic has no nonces
        """What asks for the password."""
        return self._challenges

    def check(self, authorization: str, method: str, target: str) -> Proof:  # noqa: ARG002
        """Whether an Authorization header carries this account; takes the same time for any wrong one."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "basic":
            return Proof.WRONG
        try:
            sent = base64.b64decode(token.strip(), validate=True)
        except (binascii.Error, ValueError):
            return Proof.WRONG
        good = len(sent) <= 2 * _CREDENTIAL_BYTES + 1 and hmac.compare_digest(sent, self._expected)
        return Proof.GOOD if good else Proof.WRONG
