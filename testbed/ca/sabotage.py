"""What each fault does to a request that has logged in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from testbed.ca import policy
from testbed.ca.faults import Fault, FaultBoard
from testbed.ca.service import CertificationService
from testbed.ca.site import HTML, Route, Site, Visit
from testbed.web.messages import Response

_STATUS = {"forbidden": 403, "error": 500, "unavailable": 503}
_DER = 0x30


class Saboteur:
    """Answers requests as the site does, spoilt by the fault that strikes."""

    def __init__(
        self,
        board: FaultBoard,
        site: Site,
        service: CertificationService,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.board = board
        self._site, self._service, self._sleep = site, service, sleep

    async def answer(self, fault: Fault, route: Route | None, visit: Visit) -> Response:
        """The spoilt answer."""
        if fault.kind in ("delay", "cold_start"):
            await self._sleep(fault.seconds)
            return await self._site.answer(route, visit)
        if fault.kind in _STATUS:
            return self._status(fault)
        if fault.kind == "empty":
            return Response(200, (("Content-Type", HTML),))
        if fault.kind == "html":
            return self._site.absence(None)
        if fault.kind in ("pending", "denied"):
            return await self._outcome(fault.kind, route, visit)
        response = await self._site.answer(route, visit)
        return await self._spoil(fault, response)

    def _status(self, fault: Fault) -> Response:
        response = self._site.error(_STATUS[fault.kind])
        if fault.kind != "unavailable":
            return response
        return replace(response, headers=(*response.headers, ("Retry-After", str(fault.retry_after_seconds))))

    async def _outcome(self, kind: str, route: Route | None, visit: Visit) -> Response:
        """A submission that ends otherwise than its template says; other stages are left alone."""
        if route is None or route.stage != "submit" or "certrequest" not in visit.form:
            return await self._site.answer(route, visit)
        if kind == "pending":
            record = await self._service.pend(visit.account, visit.form)
        else:
            record = await self._service.refuse(visit.account, visit.form, policy.refused_by_officer())
        return self._site.outcome(record, visit, again=False)

    async def _spoil(self, fault: Fault, response: Response) -> Response:
        if fault.kind == "cut":
            return replace(response, cut_bytes=int(len(response.body) * fault.body_share))
        if fault.kind == "wrong_type":
            kept = tuple(pair for pair in response.headers if pair[0] != "Content-Type")
            return replace(response, headers=(*kept, ("Content-Type", "application/octet-stream")))
        if fault.kind == "wrong_key":
            return replace(response, body=self._service.for_another_key(response.body))
        return response
