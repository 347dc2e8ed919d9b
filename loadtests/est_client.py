"""An EST client with the manners of CAPF's libEST: one fresh TLS connection for each enrollment.

HTTP Basic credentials go out with the request, the connection is read until the server closes it, and each
failure becomes the EST error that libEST would return:

    name unknown                  42 IP_GETADDR        server closes, no answer   14 HTTP_NOT_FOUND
    no TCP connection             43 IP_CONNECT        server's name is wrong     53 FQDN_MISMATCH
    handshake fails or times out  38 SSL_CONNECT       an answer                  see `est_reply`
    request cannot be sent        34 SSL_WRITE
    read times out or breaks      35 SSL_READ

Not copied: libEST sends CR LF after the end of its request and waits in the TLS shutdown.
"""

import base64
import binascii
import enum
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509

from loadtests.errors import EnrollmentFailed, ScenarioError, TargetError
from loadtests.est_reply import MAX_REPLY_BYTES, ContentType, EstReply, read_reply
from loadtests.lsc import read_certificates
from loadtests.tls_stream import Stage, Timers, TlsStream
from testbed.est_errors import EstError

USER_AGENT = "Cisco EST client 1.0"
WELL_KNOWN = "/.well-known/est"
_COLUMNS = 64
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%-]{1,128}")
_NAME_MISMATCHES = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_STAGE_ERRORS = {
    Stage.RESOLVE: EstError.IP_GETADDR,
    Stage.CONNECT: EstError.IP_CONNECT,
    Stage.TLS: EstError.SSL_CONNECT,
    Stage.SEND: EstError.SSL_WRITE,
    Stage.RECEIVE: EstError.SSL_READ,
}


class EstOperation(enum.StrEnum):
    """The operations of RFC 7030 that enroll, as they stand in the URL."""

    SIMPLEENROLL = "simpleenroll"
    SIMPLEREENROLL = "simplereenroll"


@dataclass(frozen=True, slots=True)
class EstTarget:
    """Where an EST server is: host, port, and its additional path segment (RFC 7030 section 3.2.2) if any."""

    host: str
    port: int
    segment: str = ""

    @property
    def authority(self) -> str:
        """`host:port` for the Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def path(self, operation: str) -> str:
        """The path of one operation."""
        segments = (WELL_KNOWN, self.segment, operation)
        return "/".join(segment for segment in segments if segment)

    def __str__(self) -> str:
        return f"https://{self.authority}{f'/{self.segment}' if self.segment else ''}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password of HTTP Basic authentication (RFC 7617)."""

    user: str
    password: str

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")


@dataclass(slots=True)
class Timing:
    """When each step of an exchange was done, in seconds of the client's clock; None: not reached.

    `answered` is the first byte of the answer, `done` the end in any case.
    """

    started: float
    connected: float | None = None
    secured: float | None = None
    sent: float | None = None
    answered: float | None = None
    done: float = 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of one request, and when."""

    reply: EstReply
    timing: Timing


def parse_target(url: str, segment: str = "") -> EstTarget:
    """The EST server that `https://HOST[:PORT][/SEGMENT]` names; ScenarioError says what is wrong with it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ScenarioError(f"cannot read the URL {url!r}: {error}") from error
    if parts.scheme != "https" or not host:
        raise ScenarioError(f"{url!r} is not the URL of an EST server; it must be https://HOST:PORT")
    in_path = parts.path.strip("/").removeprefix(WELL_KNOWN[1:]).strip("/")
    if in_path and segment and in_path != segment:
        raise ScenarioError(f"{url!r} names the path segment {in_path!r}, the option {segment!r}; give one")
    chosen = segment or in_path
    if chosen and not _SEGMENT.fullmatch(chosen):
        raise ScenarioError(f"{chosen!r} is not one path segment of at most 128 characters")
    return EstTarget(host, port or 443, chosen)


class EstClient:
    """Enrolls at one EST server. Holds no connection, so any number of phones may share it.

    `clock` gives the seconds that timings are taken in.
    """

    def __init__(
        self,
        target: EstTarget,
        tls: ssl.SSLContext,
        credentials: Credentials | None = None,
        timers: Timers | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.timers = timers or Timers()
        self._target = target
        self._tls = tls
        self._authorization = f"Authorization: {credentials.header}\r\n" if credentials else ""
        self._clock = clock

    def enroll(self, operation: EstOperation, csr_der: bytes) -> Exchange:
        """The server's answer to a PKCS#10 request, or the error its absence amounts to; never raises.

        A good answer's body is the PKCS#7 in base64, unchecked, as libEST hands it on.
        """
        body = _base64_lines(csr_der)
        head = self._head("POST", operation) + (
            f"Content-Type: application/pkcs10\r\nContent-Length: {len(body)}\r\n{self._authorization}\r\n"
        )
        return self._exchange(head.encode("latin-1") + body, ContentType.ENROLL)

    def cacerts(self) -> Exchange:
        """The server's answer to a request for the CA's certificates; never raises."""
        request = self._head("GET", "cacerts") + "\r\n"
        return self._exchange(request.encode("latin-1"), ContentType.CACERTS)

    def _head(self, method: str, operation: str) -> str:
        return (
            f"{method} {self._target.path(operation)} HTTP/1.1\r\n"
            f"User-Agent: {USER_AGENT}\r\nConnection: close\r\nHost: {self._target.authority}\r\n"
            "Accept: */*\r\n"
        )

    def _exchange(self, request: bytes, expected: ContentType) -> Exchange:
        timing = Timing(self._clock())
        stream = TlsStream(self._tls, self._target.host, self.timers)
        try:
            answer = self._converse(stream, request, timing)
            reply = read_reply(answer, expected)
        except OSError as error:
            reply = EstReply(None, failure=_translate(error, stream.stage))
        finally:
            timing.done = self._clock()
            stream.close()
        return Exchange(reply, timing)

    def _converse(self, stream: TlsStream, request: bytes, timing: Timing) -> bytes:
        stream.connect(self._target.host, self._target.port)
        timing.connected = self._clock()
        stream.handshake()
        timing.secured = self._clock()
        stream.send(request)
        timing.sent = self._clock()
        answer = stream.receive()
        timing.answered = self._clock()
        while len(answer) <= MAX_REPLY_BYTES:
            try:
                more = stream.receive()
            except ssl.SSLEOFError:  # closed without close_notify: what has come decides
                break
            if not more:
                break
            answer += more
        return answer


def get_cacerts(
    target: EstTarget, tls: ssl.SSLContext, timers: Timers | None = None
) -> list[x509.Certificate]:
    """The CA's certificates as `target` hands them out (RFC 7030 section 4.1).

    TargetError, in one line, when `target` does not speak EST, cannot be reached or is not trusted.
    """
    reply = EstClient(target, tls, timers=timers).cacerts().reply
    try:
        if reply.failure is not None:
            raise reply.failure
        return read_certificates(reply.body)
    except EnrollmentFailed as failure:
        raise TargetError(f"{target} does not answer as an EST server does: {failure}") from failure


def _base64_lines(der: bytes) -> bytes:
    text = binascii.b2a_base64(der, newline=False)
    return b"".join(text[at : at + _COLUMNS] + b"\n" for at in range(0, len(text), _COLUMNS))


def _translate(error: OSError, stage: Stage) -> EnrollmentFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        wrong_name = error.verify_code in _NAME_MISMATCHES
        code = EstError.FQDN_MISMATCH if wrong_name else EstError.SSL_CONNECT
        return EnrollmentFailed(code, error.verify_message)
    if isinstance(error, ssl.SSLError):
        words = error.reason or "the server closed the connection"
    else:
        words = error.strerror or str(error)
    return EnrollmentFailed(_STAGE_ERRORS[stage], f"{stage.value}: {words}")
