"""The walk through the CA's web pages, as CES makes it for each enrollment.

    handle 1   GET /certsrv   GET /certsrv/certrqxt.asp                                   authenticate
    handle 2   GET /certsrv   POST /certsrv/certfnsh.asp   GET /certsrv/certnew.cer       enroll
    handle     GET /certsrv   GET /certsrv/certnew.p7b                                    chain (at start)

Each handle is a connection of its own with its own login. The first two requests are how CES authenticates
an EST request: the account can log in, and its template is on the form. A handle that is logged in already,
because the settings let one be used for both halves or again, goes to its page without a login.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote_plus

from testbed.errors import CaPending, CaRefused, CurlError
from testbed.ra.certificates import CaChain, SigningRequest
from testbed.ra.certsrv import pages
from testbed.ra.certsrv.calls import CaCall, Issued, Record, Stage
from testbed.ra.certsrv.curl import Curl, CurlCall, CurlHandle
from testbed.ra.certsrv.handles import Handles, PoolWatch, handles
from testbed.ra.certsrv.settings import RaConnections, RaRetries, RaTimers
from testbed.web.messages import Reply

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

LOGIN = "/certsrv"
FORM = "/certsrv/certrqxt.asp"
SUBMIT = "/certsrv/certfnsh.asp"
DOWNLOAD = "/certsrv/certnew.cer?ReqID={}&ENC=b64"
CHAIN = "/certsrv/certnew.p7b?ReqID=CACert&Renewal=0&Enc=bin"


@dataclass(frozen=True, slots=True)
class Manners:
    """How the RA goes about it: timers, retries, connections, and whether it looks at what it gets."""

    timers: RaTimers = field(default_factory=RaTimers)
    retries: RaRetries = field(default_factory=RaRetries)
    connections: RaConnections = field(default_factory=RaConnections)
    pass_unchecked_certificates: bool = False


class Certsrv:
    """The CA's pages through one `Curl`; `now` gives seconds since the epoch."""

    def __init__(
        self,
        curl: Curl,
        template: str,
        manners: Manners,
        now: Callable[[], float] = time.time,
        sleep: Sleep = asyncio.sleep,
        pool_watch: PoolWatch | None = None,
    ) -> None:
        self.curl = curl
        self.template = template
        self.manners = manners
        self.now = now
        self.sleep = sleep
        self.handles: Handles = handles(curl, manners.connections, pool_watch)
        attributes = quote_plus(f"CertificateTemplate:{template}\r\n")
        fixed = "FriendlyType=Saved-Request+Certificate&TargetStoreFlags=0&SaveCert=yes"
        self._form_end = f"&CertAttrib={attributes}&{fixed}".encode("ascii")

    def converse(self, record: Record) -> "Conversation":
        """A conversation for one enrollment, whose time runs from here; `record` is told of each call."""
        return Conversation(self, record)

    def close(self) -> None:
        """Close the connections that are kept."""
        self.handles.close()

    def submission(self, request: SigningRequest) -> CurlCall:
        """The call that hands `request` in."""
        body = b"Mode=newreq&CertRequest=" + _form_encoded_pem(request.pem) + self._form_end
        seconds = self.manners.timers.submit_seconds
        return CurlCall(SUBMIT, seconds, "POST", body, referer=self.curl.url(FORM))


class Conversation:
    """The calls of one enrollment. Close it after use: it may hold a handle."""

    def __init__(self, certsrv: Certsrv, record: Record) -> None:
        self._certsrv = certsrv
        self._manners = certsrv.manners
        self._record = record
        self._held: CurlHandle | None = None
        total_seconds = self._manners.timers.total_seconds
        self._deadline = time.perf_counter() + total_seconds if total_seconds else None

    def close(self) -> None:
        """Give back the handle that this conversation holds."""
        if self._held is not None:
            self._certsrv.handles.give_back(self._held)
            self._held = None

    async def authenticate(self) -> None:
        """Log in and find the template on the form; CurlError or CaRefused when either fails."""
        async with self._logged_in() as handle:
            call = CurlCall(FORM, self._manners.timers.form_seconds)
            await self._call(
                handle, Stage.FORM, call, lambda reply: pages.check_form(reply, self._certsrv.template)
            )

    async def submit_and_download(
        self, request: SigningRequest, chain: CaChain, issued: Callable[[Issued], None]
    ) -> Issued:
        """The certificate for `request`, checked against it and the chain; CurlError or CaRefused if none.

        `issued` is told as soon as the CA has said that there is a certificate.
        """
        async with self._logged_in() as handle:
            call = self._certsrv.submission(request)
            number = await self._call(handle, Stage.SUBMIT, call, pages.request_id)
            issued(Issued(number))
            return await self._download(handle, number, request, chain)

    async def download(self, number: int, request: SigningRequest, chain: CaChain) -> Issued:
        """The certificate that the CA has under request id `number`; CurlError or CaRefused if none."""
        async with self._logged_in() as handle:
            return await self._download(handle, number, request, chain)

    async def chain(self) -> CaChain:
        """The CA's own certificates; CurlError or CaRefused when they cannot be had."""
        async with self._logged_in() as handle:
            call = CurlCall(CHAIN, self._manners.timers.download_seconds)
            return await self._call(
                handle, Stage.CHAIN, call, lambda reply: CaChain(pages.certificates(reply))
            )

    async def _download(
        self, handle: CurlHandle, number: int, request: SigningRequest, chain: CaChain
    ) -> Issued:
        def read(reply: Reply) -> Issued:
            if self._manners.pass_unchecked_certificates:
                return _unchecked(number, reply)
            return _checked(number, reply, request, chain)

        call = CurlCall(DOWNLOAD.format(number), self._manners.timers.download_seconds)
        return await self._call(handle, Stage.DOWNLOAD, call, read)

    @asynccontextmanager
    async def _logged_in(self) -> AsyncIterator[CurlHandle]:
        handle = await self._handle()
        try:
            if not handle.is_logged_in:
                call = CurlCall(LOGIN, self._manners.timers.login_seconds)
                await self._call(handle, Stage.LOGIN, call, pages.check_login)
            yield handle
        finally:
            if self._manners.connections.handles == "two":
                self.close()

    async def _handle(self) -> CurlHandle:
        if self._held is None:
            try:
                self._held = await self._certsrv.handles.take()
            except CurlError as error:
                self._record(self._failed(Stage.LOGIN, LOGIN, error))
                raise
        return self._held

    async def _call(self, handle: CurlHandle, stage: Stage, call: CurlCall, read: Callable[[Reply], T]) -> T:
        retries, attempt = self._manners.retries, 1
        while True:
            try:
                return await self._attempt(handle, stage, call, read, attempt)
            except (CurlError, CaRefused) as error:
                if attempt > retries.count or stage.value not in retries.stages or not _may_pass(error):
                    raise
            await self._certsrv.sleep(retries.spacing_seconds)
            attempt += 1

    async def _attempt(
        self, handle: CurlHandle, stage: Stage, call: CurlCall, read: Callable[[Reply], T], attempt: int
    ) -> T:
        started = time.perf_counter()
        body_bytes, failure = None, None
        try:
            reply = await self._perform(handle, call, started)
            body_bytes = len(reply.body)
            return read(reply)
        except (CurlError, CaRefused) as error:
            failure = error
            raise
        finally:
            certsrv, seconds = self._certsrv, time.perf_counter() - started
            url = certsrv.curl.url(call.target)
            self._record(CaCall(stage, url, certsrv.now(), seconds, body_bytes, failure, attempt))

    async def _perform(self, handle: CurlHandle, call: CurlCall, now: float) -> Reply:
        left = call.seconds if self._deadline is None else self._deadline - now
        if left >= call.seconds:
            return await handle.perform(call)
        if left <= 0:
            raise CurlError(
                28, "Operation timed out after 0 milliseconds with 0 bytes received", "total_timer"
            )
        try:
            return await handle.perform(CurlCall(call.target, left, call.method, call.body, call.referer))
        except CurlError as error:
            if error.code == 28:
                raise CurlError(error.code, error.text, "total_timer") from error
            raise

    def _failed(self, stage: Stage, target: str, error: CurlError) -> CaCall:
        return CaCall(stage, self._certsrv.curl.url(target), self._certsrv.now(), 0.0, None, error)


def _may_pass(error: CurlError | CaRefused) -> bool:
    """Whether the same call may do better in a while: not when the enrollment's own time is up."""
    if isinstance(error, CurlError):
        return error.cause != "total_timer"
    return error.cause.startswith("http_5")


def _form_encoded_pem(pem: bytes) -> bytes:
    """`quote_plus` for PEM's few characters, at a fiftieth of its cost."""
    for character, code in ((b"+", b"%2B"), (b"/", b"%2F"), (b"=", b"%3D"), (b"\n", b"%0A")):
        pem = pem.replace(character, code)
    return pem.replace(b" ", b"+")


def _checked(number: int, reply: Reply, request: SigningRequest, chain: CaChain) -> Issued:
    certificate = pages.certificate(reply)
    chain.check(certificate, request)
    return Issued(number, certificate)


def _unchecked(number: int, reply: Reply) -> Issued:
    """Whatever came, as libEST passes it on: a certificate for whomever, or any bytes."""
    try:
        return Issued(number, pages.certificate(reply))
    except CaPending:
        raise
    except CaRefused:
        return Issued(number, None, reply.body)
