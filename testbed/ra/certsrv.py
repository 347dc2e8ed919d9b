"""The walk through the CA's web pages, as CES makes it for each enrollment.

    handle 1   GET /certsrv   GET /certsrv/certrqxt.asp                                   authenticate
    handle 2   GET /certsrv   POST /certsrv/certfnsh.asp   GET /certsrv/certnew.cer       enroll
    handle     GET /certsrv   GET /certsrv/certnew.p7b                                    chain (at start)

Each handle is a connection of its own with its own login. The first two requests are how CES authenticates
an EST request: the account can log in, and its template is on the form.
"""

import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar
from urllib.parse import quote_plus

from testbed.errors import CaRefused, CurlError
from testbed.ra import pages
from testbed.ra.calls import CaCall, Issued, Record, Stage
from testbed.ra.certificates import CaChain, SigningRequest
from testbed.ra.curl import Curl, CurlCall, CurlHandle
from testbed.settings import RaTimers
from testbed.web.messages import Reply

T = TypeVar("T")

LOGIN = "/certsrv"
FORM = "/certsrv/certrqxt.asp"
SUBMIT = "/certsrv/certfnsh.asp"
DOWNLOAD = "/certsrv/certnew.cer?ReqID={}&ENC=b64"
CHAIN = "/certsrv/certnew.p7b?ReqID=CACert&Renewal=0&Enc=bin"


class Certsrv:
    """The CA's pages through one `Curl`; `now` gives seconds since the epoch."""

    def __init__(
        self, curl: Curl, template: str, timers: RaTimers, now: Callable[[], float] = time.time
    ) -> None:
        self._curl = curl
        self._template = template
        self._timers = timers
        self._now = now
        attributes = quote_plus(f"CertificateTemplate:{template}\r\n")
        fixed = "FriendlyType=Saved-Request+Certificate&TargetStoreFlags=0&SaveCert=yes"
        self._form_end = f"&CertAttrib={attributes}&{fixed}".encode("ascii")

    async def authenticate(self, record: Record) -> None:
        """Log in and find the template on the form; CurlError or CaRefused when either fails."""
        with closing(self._curl.handle()) as handle:
            await self._login(handle, record)
            call = CurlCall(FORM, self._timers.form_seconds)
            await self._call(
                handle, Stage.FORM, call, lambda reply: pages.check_form(reply, self._template), record
            )

    async def submit_and_download(
        self, request: SigningRequest, chain: CaChain, record: Record, issued: Callable[[Issued], None]
    ) -> Issued:
        """The certificate for `request`, checked against it and the chain; CurlError or CaRefused if none.

        `issued` is told as soon as the CA has said that there is a certificate.
        """
        with closing(self._curl.handle()) as handle:
            await self._login(handle, record)
            number = await self._call(handle, Stage.SUBMIT, self._submit(request), pages.request_id, record)
            issued(Issued(number))
            call = CurlCall(DOWNLOAD.format(number), self._timers.download_seconds)
            return await self._call(
                handle, Stage.DOWNLOAD, call, lambda reply: _checked(number, reply, request, chain), record
            )

    async def chain(self, record: Record) -> CaChain:
        """The CA's own certificates; CurlError or CaRefused when they cannot be had."""
        with closing(self._curl.handle()) as handle:
            await self._login(handle, record)
            call = CurlCall(CHAIN, self._timers.download_seconds)
            return await self._call(
                handle, Stage.CHAIN, call, lambda reply: CaChain(pages.certificates(reply)), record
            )

    async def _login(self, handle: CurlHandle, record: Record) -> None:
        call = CurlCall(LOGIN, self._timers.login_seconds)
        await self._call(handle, Stage.LOGIN, call, pages.check_login, record)

    def _submit(self, request: SigningRequest) -> CurlCall:
        body = b"Mode=newreq&CertRequest=" + _form_encoded_pem(request.pem) + self._form_end
        return CurlCall(SUBMIT, self._timers.submit_seconds, "POST", body, referer=self._curl.url(FORM))

    async def _call(
        self, handle: CurlHandle, stage: Stage, call: CurlCall, read: Callable[[Reply], T], record: Record
    ) -> T:
        started = time.perf_counter()
        body_bytes, failure = None, None
        try:
            reply = await handle.perform(call)
            body_bytes = len(reply.body)
            return read(reply)
        except (CurlError, CaRefused) as error:
            failure = error
            raise
        finally:
            seconds = time.perf_counter() - started
            record(CaCall(stage, self._curl.url(call.target), self._now(), seconds, body_bytes, failure))


def _form_encoded_pem(pem: bytes) -> bytes:
    """`quote_plus` for PEM's few characters, at a fiftieth of its cost."""
    for character, code in ((b"+", b"%2B"), (b"/", b"%2F"), (b"=", b"%3D"), (b"\n", b"%0A")):
        pem = pem.replace(character, code)
    return pem.replace(b" ", b"+")


def _checked(number: int, reply: Reply, request: SigningRequest, chain: CaChain) -> Issued:
    certificate = pages.certificate(reply)
    chain.check(certificate, request)
    return Issued(number, certificate)
