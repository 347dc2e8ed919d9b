"""A pool that starts up in the middle of a login."""

from typing import ClassVar

from chaos.ca.mode import PagedMode
from chaos.evidence import failed_call, status_refusal
from chaos.fault import Evidence
from testbed.ca.faults import Kind


class ColdChallenge(PagedMode, frozen=True, kw_only=True):
    """The first request of each stage gets IIS's 401 page instead of its challenge."""

    name: ClassVar[str] = "ca.cold_challenge"
    summary: ClassVar[str] = "the first login of each page gets a bare 401, as from a cold application pool"
    kind: ClassVar[Kind] = "cold_challenge"

    def evidence(self) -> tuple[Evidence, ...]:
        """The 401 in the RA's log; IIS's row is that of any first leg."""
        return failed_call(self.felt_at, status_refusal(self.felt_at, 401))
