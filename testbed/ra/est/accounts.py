"""What the ways to log in over HTTP have in common."""

import enum
from typing import Protocol


class AuthType(enum.IntEnum):
    """libEST's numbers for the ways to log in, as its log shows them."""

    NONE = 0
    BASIC = 1
    DIGEST = 2


class Proof(enum.Enum):
    """What an Authorization header is worth. STALE: the password is right, the nonce used up."""

    GOOD = "good"
    WRONG = "wrong"
    STALE = "stale"


class Account(Protocol):
    """The account that EST clients log in with, and how."""

    auth_type: AuthType

    def challenges(self, *, stale: bool = False) -> tuple[str, ...]:
        """The WWW-Authenticate values that ask for the password; `stale` when only a new nonce is wanted."""
        ...

    def check(self, authorization: str, method: str, target: str) -> Proof:
        """What an Authorization header proves for a request; never raises."""
        ...


def quoted(text: str) -> str:
    """A quoted-string (RFC 9110 section 5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
