"""HTTP Basic authentication (RFC 7617) of the EST client."""

import base64
import binascii
import hmac

# libEST's limit on a user id and on a password.
_CREDENTIAL_BYTES = 255


class BasicAccount:
    """The one account that may enroll."""

    def __init__(self, user: str, password: str) -> None:
        self._expected = f"{user}:{password}".encode()

    def accepts(self, authorization: str) -> bool:
        """Whether an Authorization header carries this account; takes the same time for any wrong one."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            sent = base64.b64decode(token.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return len(sent) <= 2 * _CREDENTIAL_BYTES + 1 and hmac.compare_digest(sent, self._expected)
