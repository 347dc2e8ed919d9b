"""An EST client with the manners of CAPF's libEST: one fresh TLS connection for each enrollment.

HTTP Basic credentials go out with the request; any other scheme needs the server's challenge, a 401, and the
request once more on a connection of its own. In libEST's profile the connection is read until the server
closes it. Each failure becomes the EST error that libEST would return:

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
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509

from loadtests.errors import EnrollmentFailed, ScenarioError, TargetError
from loadtests.est.authentication import AuthScheme, Credentials, RequestLine
from loadtests.est.lsc import read_certificates
from loadtests.est.reply import ContentType, EstReply, LibestReader, Profile, ReplyReader
from loadtests.est.rfc_reply import RfcReader
from loadtests.est.tls_engine import TlsContext
from loadtests.est.tls_stream import Stage, Timers, TlsStream
from testbed.est_errors import EstError

USER_AGENT = "Cisco EST client 1.0"
WELL_KNOWN = "/.well-known/est"
_BYTES_A_LINE = 48  # 64 columns of base64
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%-]{1,128}")
_NAME_MISMATCHES = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_STAGE_ERRORS = {
    Stage.RESOLVE: EstError.IP_GETADDR,
    Stage.CONNECT: EstError.IP_CONNECT,
    Stage.TLS: EstError.SSL_CONNECT,
    Stage.SEND: EstError.SSL_WRITE,
    Stage.RECEIVE: EstError.SSL_READ,
}


_READERS: dict[Profile, Callable[[], ReplyReader]] = {
    Profile.LIBEST: LibestReader,
    Profile.RFC: RfcReader,
}
_ENCODING = "Content-Transfer-Encoding: base64\r\n"  # RFC 7030 wants it, some servers do; libEST sends none
Csr = bytes | Callable[[str], bytes]


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


@dataclass(frozen=True, slots=True)
class _Request:
    """One request, its body made once the connection is secured: it may be bound to that."""

    line: RequestLine
    expected: ContentType
    csr: Csr | None = None
    authorization: str = ""


class EstClient:
    """Enrolls at one EST server. Holds no connection, so any number of phones may share it.

    `clock` gives the seconds that timings are taken in.
    """

    def __init__(
        self,
        target: EstTarget,
        tls: TlsContext,
        credentials: Credentials | None = None,
        timers: Timers | None = None,
        clock: Callable[[], float] = time.time,
        profile: Profile = Profile.LIBEST,
    ) -> None:
        self.timers = timers or Timers()
        self._target = target
        self._tls = tls
        self._credentials = credentials
        self._clock = clock
        self._reader = _READERS[profile]
        self._encoding = _ENCODING if profile is Profile.RFC else ""

    def enroll(self, operation: EstOperation, csr: Csr, tls: TlsContext | None = None) -> Exchange:
        """The server's answer to a PKCS#10 request, or the error its absence amounts to; never raises.

        `csr` is the request in DER, or what makes it for a challenge password that binds it to the TLS
        session (base64 of tls-unique, RFC 7030 section 3.5; TLS 1.2). `tls` is this enrollment's own
        context. A good answer's body is the PKCS#7 in base64, unchecked, as libEST hands it on. With a
        challenge on the way, the timing is that of the second connection.
        """
        credentials = self._credentials
        upfront = credentials.header if credentials and credentials.scheme is AuthScheme.BASIC else ""
        line = RequestLine("POST", self._target.path(operation))
        exchange = self._exchange(_Request(line, ContentType.ENROLL, csr, upfront), tls)
        if not credentials or upfront or exchange.reply.http_status != 401:
            return exchange
        try:
            answer = credentials.answer(exchange.reply.challenges, line, secrets.token_hex(8))
        except EnrollmentFailed as failure:
            refused = EstReply(401, failure=failure, challenges=exchange.reply.challenges)
            return Exchange(refused, exchange.timing)
        return self._exchange(_Request(line, ContentType.ENROLL, csr, answer), tls)

    def unauthenticated(self, operation: EstOperation, csr: Csr) -> Exchange:
        """The same without credentials, whatever the client has."""
        line = RequestLine("POST", self._target.path(operation))
        return self._exchange(_Request(line, ContentType.ENROLL, csr), None)

    def get(self, operation: str, expected: ContentType) -> Exchange:
        """The server's answer to a GET, such as `cacerts`; never raises."""
        return self._exchange(_Request(RequestLine("GET", self._target.path(operation)), expected), None)

    def cacerts(self) -> Exchange:
        """The server's answer to a request for the CA's certificates; never raises."""
        return self.get("cacerts", ContentType.CACERTS)

    def _written(self, request: _Request, stream: TlsStream) -> bytes:
        head = (
            f"{request.line.method} {request.line.uri} HTTP/1.1\r\n"
            f"User-Agent: {USER_AGENT}\r\nConnection: close\r\nHost: {self._target.authority}\r\n"
            "Accept: */*\r\n"
        )
        body = b""
        if request.csr is not None:
            csr_der = request.csr if isinstance(request.csr, bytes) else request.csr(_binding(stream))
            body = _base64_lines(csr_der)
            head += f"Content-Type: application/pkcs10\r\nContent-Length: {len(body)}\r\n{self._encoding}"
        if request.authorization:
            head += f"Authorization: {request.authorization}\r\n"
        return (head + "\r\n").encode("latin-1", "replace") + body

    def _exchange(self, request: _Request, tls: TlsContext | None) -> Exchange:
        timing = Timing(self._clock())
        stream = TlsStream(tls or self._tls, self._target.host, self.timers)
        reader = self._reader()
        try:
            self._converse(stream, request, timing, reader)
            reply = reader.reply(request.expected)
        except OSError as error:
            reply = EstReply(None, failure=_translate(error, stream.stage))
        except EnrollmentFailed as failure:
            reply = EstReply(None, failure=failure)
        finally:
            timing.done = self._clock()
            stream.close()
        return Exchange(reply, timing)

    def _converse(self, stream: TlsStream, request: _Request, timing: Timing, reader: ReplyReader) -> None:
        stream.connect(self._target.host, self._target.port)
        timing.connected = self._clock()
        stream.handshake()
        timing.secured = self._clock()
        stream.send(self._written(request, stream))
        timing.sent = self._clock()
        wanted = reader.feed(stream.receive())
        timing.answered = self._clock()
        while wanted:
            try:
                more = stream.receive()
            except ssl.SSLEOFError:  # closed without close_notify: what has come decides
                break
            if not more:
                break
            wanted = reader.feed(more)


def get_cacerts(
    target: EstTarget,
    tls: TlsContext,
    timers: Timers | None = None,
    profile: Profile = Profile.LIBEST,
) -> list[x509.Certificate]:
    """The CA's certificates as `target` hands them out (RFC 7030 section 4.1).

    TargetError, in one line, when `target` does not speak EST, cannot be reached or is not trusted.
    """
    reply = EstClient(target, tls, timers=timers, profile=profile).cacerts().reply
    try:
        if reply.failure is not None:
            raise reply.failure
        return read_certificates(reply.body)
    except EnrollmentFailed as failure:
        raise TargetError(f"{target} does not answer as an EST server does: {failure}") from failure


def _base64_lines(der: bytes) -> bytes:
    return b"".join(
        [binascii.b2a_base64(der[at : at + _BYTES_A_LINE]) for at in range(0, len(der), _BYTES_A_LINE)]
    )


def _binding(stream: TlsStream) -> str:
    """The challenge password for this connection; EnrollmentFailed when TLS has no tls-unique for it."""
    unique = stream.tls_unique()
    if unique is None:
        raise EnrollmentFailed(
            EstError.AUTH_FAIL_TLSUID, "TLS 1.3 has no tls-unique; proof of possession needs TLS 1.2"
        )
    return base64.b64encode(unique).decode("ascii")


def _translate(error: OSError, stage: Stage) -> EnrollmentFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        wrong_name = error.verify_code in _NAME_MISMATCHES
        code = EstError.FQDN_MISMATCH if wrong_name else EstError.SSL_CONNECT
        return EnrollmentFailed(code, error.verify_message)
    if isinstance(error, ssl.SSLError):
        words = getattr(error, "reason", None) or "the server closed the connection"
    else:
        words = error.strerror or str(error)
    return EnrollmentFailed(_STAGE_ERRORS[stage], f"{stage.value}: {words}")
