"""Settings of how much the RA can do at once, and of what stands in front of it."""

from typing import Annotated, Literal

import msgspec

from testbed.bounds import Seconds, Settings

Processes = Annotated[int, msgspec.Meta(ge=0, le=64)]
# libEST's server has 5 workers. Its own queue holds 20, but it is NGINX that listens in CES: 511 on Linux.
_LIBEST_WORKERS, _NGINX_QUEUE = 5, 511


class RaWorkers(Settings, frozen=True):
    """Who serves the clients.

    A `blocking` worker serves one enrollment at a time, as CES does; the others wait in the accept queue,
    which the kernel keeps and which holds `accept_queue` connections (0: 511, NGINX's). `async` workers talk
    to the CA for any number of clients at once. `profile`: blocking in the profile libest, async in rfc.
    `processes` 0: one process, which where blocking has libEST's five workers; more: a worker in each.
    A process holds `connections` open at most, handshakes included; more wait in the accept queue.
    """

    model: Literal["profile", "async", "blocking"] = "profile"
    processes: Processes = 0
    accept_queue: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    connections: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 1024

    def resolved(self, *, profile: str) -> "RaWorkers":
        """The same with the model that the EST profile has, where none was named."""
        if self.model != "profile":
            return self
        return msgspec.structs.replace(self, model="blocking" if profile == "libest" else "async")

    @property
    def blocking(self) -> bool:
        """Whether a worker serves one enrollment at a time; known once resolved."""
        return self.model == "blocking"

    @property
    def count(self) -> int:
        """How many workers there are, in all processes."""
        return self.process_count * self.each

    @property
    def process_count(self) -> int:
        """How many processes there are."""
        return self.processes or 1

    @property
    def each(self) -> int:
        """How many workers a process has."""
        return _LIBEST_WORKERS if self.blocking and not self.processes else 1

    @property
    def queue(self) -> int:
        """How many connections the accept queue holds."""
        return self.accept_queue or _NGINX_QUEUE


class RaNginx(Settings, frozen=True):
    """NGINX as the RA's TLS front: what its configuration says.

    `program` is its name or path. `ssl_session_cache_bytes` 0 is `none`: no session is resumed.
    """

    program: Annotated[str, msgspec.Meta(min_length=1)] = "nginx"
    worker_processes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    worker_connections: Annotated[int, msgspec.Meta(ge=8, le=65_535)] = 1024
    keepalive_timeout_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 75.0
    keepalive_requests: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1000
    upstream_keepalive: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 32
    ssl_session_cache_bytes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    ssl_session_timeout_seconds: Seconds = 300.0
