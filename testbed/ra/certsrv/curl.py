"""A client of the CA that behaves as curl does when CES drives it.

One handle is one connection. NTLM's Type 1 goes out unasked with the first request on a connection, a POST's
first leg without its body; from then on the connection itself is logged in. Redirects are not followed. One
call is one URL: its timer covers the connection, both legs of NTLM and the answer. A connection that died
unnoticed since its last answer is replaced, once a call, as curl does.
"""

import asyncio
import base64
import binascii
import ssl
from dataclasses import dataclass
from typing import Protocol

from testbed.errors import CurlError, NtlmError
from testbed.ra.certsrv.failures import CONNECTION_ERRORS, Progress, curl_error
from testbed.ra.certsrv.server_certificate import issuer_problem, name_problem
from testbed.web.client import HttpConnection, Origin, Resolve, system_address
from testbed.web.messages import Header, Reply

USER_AGENT = "CiscoRA 1.0"
_FORM = "application/x-www-form-urlencoded"
_DEFAULT_PORT = 443


class NtlmLogin(Protocol):
    """The client's side of NTLM for one account."""

    def negotiate(self) -> bytes:
        """The Type 1 message."""
        ...

    def authenticate(self, type2: bytes) -> bytes:
        """The Type 3 message that answers `type2`; raises NtlmError when that is none."""
        ...


@dataclass(frozen=True, slots=True)
class CurlCall:
    """One URL to fetch: `target` is path and query, `seconds` the time the whole call may take."""

    target: str
    seconds: float
    method: str = "GET"
    body: bytes = b""
    referer: str = ""


class Curl:
    """Where the CA is, whom to trust and who logs in; gives handles, as many as needed."""

    def __init__(
        self,
        origin: Origin,
        tls: ssl.SSLContext,
        login: NtlmLogin,
        connect_seconds: float,
        resolve: Resolve = system_address,
    ) -> None:
        self.origin = origin
        self.tls = tls
        self.resolve = resolve
        self.login = login
        self.connect_seconds = connect_seconds
        self._good_certificate_der: bytes | None = None
        port = "" if origin.port == _DEFAULT_PORT else f":{origin.port}"
        self.host_header: Header = ("Host", f"{origin.host}{port}")

    def handle(self) -> "CurlHandle":
        """A new handle, not connected yet; close it after use."""
        return CurlHandle(self)

    def url(self, target: str) -> str:
        """The URL of `target`, its port always shown."""
        return f"https://{self.origin.authority}{target}"

    def check_server(self, certificate_der: bytes) -> None:
        """CurlError 60 or 51 when CES would not accept the certificate; one good one is remembered."""
        if certificate_der == self._good_certificate_der:
            return
        if problem := issuer_problem(certificate_der):
            raise CurlError(60, problem)
        if problem := name_problem(certificate_der, self.origin.host):
            raise CurlError(51, problem)
        self._good_certificate_der = certificate_der


class CurlHandle:
    """One connection to the CA and the login on it; it connects anew when the CA has closed it."""

    def __init__(self, curl: Curl) -> None:
        self._curl = curl
        self._connection: HttpConnection | None = None
        self._logged_in = False
        self._answers = 0

    @property
    def is_logged_in(self) -> bool:
        """Whether the next call goes out on a connection that is logged in."""
        return self._logged_in and self._connection is not None and self._connection.is_open

    async def perform(self, call: CurlCall) -> Reply:
        """The CA's last answer to `call`, a 401 included; CurlError when there is none."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            connect_deadline = started + min(call.seconds, self._curl.connect_seconds)
            async with asyncio.timeout_at(connect_deadline) as timer:
                connection = await self._connected()
                timer.reschedule(started + call.seconds)
                if self._answers:
                    return await self._exchange_again(connection, call)
                return await self._exchange(connection, call)
        except CONNECTION_ERRORS as error:
            progress = self._progress(call, loop.time() - started)
            self.close()
            raise curl_error(error, progress) from error
        except CurlError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; safe to call at any time."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._logged_in, self._answers = None, False, 0

    async def _connected(self) -> HttpConnection:
        if self._connection is not None and self._connection.is_open:
            return self._connection
        self.close()
        self._connection = connection = HttpConnection(
            self._curl.origin, self._curl.tls, resolve=self._curl.resolve
        )
        await connection.open()
        self._curl.check_server(connection.peer_certificate_der() or b"")
        return connection

    async def _exchange_again(self, connection: HttpConnection, call: CurlCall) -> Reply:
        """The exchange on a connection that has answered before, which may have died since."""
        try:
            return await self._exchange(connection, call)
        except OSError as error:
            if connection.received_bytes or isinstance(error, TimeoutError):
                raise
            self.close()
            return await self._exchange(await self._connected(), call)

    async def _exchange(self, connection: HttpConnection, call: CurlCall) -> Reply:
        if self._logged_in:
            return self._kept(await self._send(connection, call, (), call.body))
        reply = await self._send(connection, call, (_ntlm(self._curl.login.negotiate()),), b"")
        answer = _challenge_answer(reply, self._curl.login)
        if answer is None or not reply.keep_alive:
            return self._kept(reply)
        reply = await self._send(connection, call, (_ntlm(answer),), call.body)
        self._logged_in = reply.status != 401
        return self._kept(reply)

    def _kept(self, reply: Reply) -> Reply:
        if not reply.keep_alive:
            self.close()
        return reply

    async def _send(
        self, connection: HttpConnection, call: CurlCall, login: tuple[Header, ...], body: bytes
    ) -> Reply:
        headers: list[Header] = [
            self._curl.host_header, *login, ("User-Agent", USER_AGENT), ("Accept", "*/*")
        ]  # fmt: skip
        if call.referer:
            headers.append(("Referer", call.referer))
        if call.method == "POST":
            headers += [("Content-Length", str(len(body))), ("Content-Type", _FORM)]
        reply = await connection.send(call.method, call.target, tuple(headers), body)
        self._answers += 1
        return reply

    def _progress(self, call: CurlCall, elapsed_seconds: float) -> Progress:
        connection = self._connection
        assert connection is not None
        return Progress(
            host=self._curl.origin.host, port=self._curl.origin.port, phase=connection.phase,
            elapsed_seconds=elapsed_seconds, received_bytes=connection.received_bytes,
            body_bytes=connection.body_bytes, declared_bytes=connection.declared_bytes,
            connect_timer_first=self._curl.connect_seconds < call.seconds,
        )  # fmt: skip


def _ntlm(message: bytes) -> Header:
    return ("Authorization", f"NTLM {base64.b64encode(message).decode('ascii')}")


def _challenge_answer(reply: Reply, login: NtlmLogin) -> bytes | None:
    """The Type 3 for a reply that carries a Type 2, else None."""
    if reply.status != 401:
        return None
    for offer in reply.headers.all("www-authenticate"):
        scheme, _, token = offer.partition(" ")
        if scheme.lower() == "ntlm" and token:
            try:
                return login.authenticate(base64.b64decode(token, validate=True))
            except (binascii.Error, NtlmError):
                return None
    return None
