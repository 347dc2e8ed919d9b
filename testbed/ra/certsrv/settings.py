"""Settings of the RA's way to the CA. The defaults are CES's, as the guide's logs show it.

CSCvo58656 is about these timers: CES has 10 s for each call and no way to change it.
"""

from typing import Annotated, Literal

import msgspec

from testbed.bounds import Seconds, Settings

SecondsOrNone = Annotated[float, msgspec.Meta(ge=0, le=3600)]
StageName = Literal["login", "form", "submit", "download"]


class RaTimers(Settings, frozen=True):
    """How long the RA waits for the CA, per curl call. One call is one URL, NTLM's two legs included.

    `total_seconds` bounds all the calls of one enrollment together, retries included; 0: nothing does.
    """

    connect_seconds: Seconds = 10.0
    login_seconds: Seconds = 10.0
    form_seconds: Seconds = 10.0
    submit_seconds: Seconds = 10.0
    download_seconds: Seconds = 10.0
    total_seconds: SecondsOrNone = 0.0

    @property
    def by_name(self) -> dict[str, float]:
        """The timer of each stage, and of connecting, in seconds."""
        return {
            "connect": self.connect_seconds, "login": self.login_seconds, "form": self.form_seconds,
            "submit": self.submit_seconds, "download": self.download_seconds,
        }  # fmt: skip


class RaRetries(Settings, frozen=True):
    """Calls that failed (no answer, or a status from 500 on) are made again: CES never does.

    Each of `stages` is tried `count` more times, `spacing_seconds` after the failure. A submission that is
    made again may leave two certificates at the CA.
    """

    count: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    stages: tuple[StageName, ...] = ("login", "form", "submit", "download")
    spacing_seconds: SecondsOrNone = 1.0


class RaConnections(Settings, frozen=True):
    """How connections to the CA are used.

    `handles` is how many curl handles, so connections and logins, one enrollment takes: CES's two, or one
    for all its pages. With `reuse_connections` handles stay connected and logged in for the next enrollment:
    at most `pool_size` in each worker process, each closed after `idle_seconds` unused. An enrollment that
    finds all of them taken waits, `connect_seconds` at most.
    """

    handles: Literal["two", "one"] = "two"
    reuse_connections: bool = False
    pool_size: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 32
    idle_seconds: Seconds = 60.0


class RaResolver(Settings, frozen=True):
    """How the CA's host name becomes an address.

    `server` is a DNS server as `ADDRESS:PORT`, asked with c-ares as CES's curl does; empty: whatever this
    system uses. `seconds` is how long it may take to answer. Without `cache` every connection asks anew, as
    each of CES's curl handles does; with it an answer is kept as long as it says.
    """

    server: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^$|^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d{1,5}$", examples=["127.0.0.1:53"]
        ),
    ] = ""
    seconds: Seconds = 5.0
    cache: bool = False
