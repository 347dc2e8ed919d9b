"""What CAPF knows of a device: its kind of key, what to do for it, how it proves itself and tries again."""

import datetime as dt
import enum
from typing import Annotated

import msgspec

from testbed.bounds import Seconds, Settings


class KeyType(enum.StrEnum):
    """What key pair a phone has."""

    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    P_256 = "p-256"
    P_384 = "p-384"


class Operation(enum.StrEnum):
    """What CAPF does for a phone: install its first LSC (simpleenroll) or renew it (simplereenroll)."""

    INSTALL = "install"
    RENEW = "renew"


class AuthenticationMode(enum.StrEnum):
    """How a phone proves itself to CAPF, as the guide's device settings name it."""

    AUTH_BY_STR = "AUTH_BY_STR"
    AUTH_BY_NULL_STR = "AUTH_BY_NULL_STR"


class RetrySettings(Settings, frozen=True):
    """How often a phone tries and how long it waits after a failure, as the vendor's phones do: 3, 30 s."""

    attempts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 3
    spacing_seconds: Seconds = 30.0


def noon_tomorrow(now: float) -> float:
    """Tomorrow at 12:00 local time, CAPF's own default deadline; both are seconds since the epoch."""
    today = dt.datetime.fromtimestamp(now)  # noqa: DTZ006 - local, like CAPF
    return (today.replace(hour=12, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)).timestamp()


ONCE = RetrySettings(attempts=1)
