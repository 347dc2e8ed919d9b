"""Prometheus' web configuration file (`--web.config.file` of its own exporters): TLS, Basic, headers.

    tls_server_config:
      cert_file: server.pem
      key_file: server.key
    basic_auth_users:
      prometheus: $2b$10$...          # bcrypt, as `htpasswd -nBC 10 ""` makes it

Paths are relative to the file. It is read once, at the start. `http_server_config.http2` is read and without
effect: these servers speak HTTP/1.1.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import bcrypt
import msgspec

_CHALLENGE = ("WWW-Authenticate", 'Basic realm="metrics"')
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
# What an unknown user's password is compared with, so that the answer takes as long as a known one's.
_NOBODY = b"$2b$10$CwTycUXWue0Thq9StjUM0uJ8.P2r0eYfnM5cL8sWQ1mQw0dS0v0hW"
_MOST_REMEMBERED = 100

TlsVersionName = Literal["TLS12", "TLS13"]
ClientAuth = Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]


class WebConfigError(Exception):
    """The file cannot be used; the text is one line that names it, the key, and what it may be."""


class TlsServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`tls_server_config`. Cipher suites and curves are OpenSSL's defaults."""

    cert_file: str
    key_file: str
    client_auth_type: ClientAuth = "NoClientCert"
    client_ca_file: str = ""
    min_version: TlsVersionName = "TLS12"
    max_version: TlsVersionName = "TLS13"


class HttpServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`http_server_config`: `headers` go with every answer."""

    http2: bool = True
    headers: dict[str, str] = {}


class WebConfigFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    tls_server_config: TlsServerConfig | None = None
    http_server_config: HttpServerConfig = HttpServerConfig()
    basic_auth_users: dict[str, str] = {}


@dataclass(slots=True)
class Users:
    """Who may look. Bcrypt is slow on purpose, so passwords that were good are remembered."""

    hashes: Mapping[str, str]
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _good: set[bytes] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may(self, authorization: str) -> bool:
        """Whether an `Authorization` header is one of theirs."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded, validate=True).partition(b":")
            name = user.decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return self._is_good(name, password)

    def _is_good(self, name: str, password: bytes) -> bool:
        known = hmac.digest(self._secret, name.encode() + b"\0" + password, hashlib.sha256)
        if known in self._good:
            return True
        expected = self.hashes.get(name, "").encode() or _NOBODY
        # Bcrypt knows 72 bytes of a password; its other implementations cut where this one refuses.
        good = bcrypt.checkpw(password[:72], expected) and name in self.hashes
        with self._lock:
            if good and len(self._good) < _MOST_REMEMBERED:
                self._good.add(known)
        return good


@dataclass(frozen=True, slots=True)
class WebConfig:
    """How an endpoint is served: `tls` None is plain HTTP, no `users` is everybody."""

    tls: ssl.SSLContext | None = None
    users: Users | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def guarded(self, application: WSGIApplication) -> WSGIApplication:
        """The application for those who may look."""
        if self.users is None and not self.headers:
            return application
        users = self.users

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if users and not users.may(str(environ.get("HTTP_AUTHORIZATION", ""))):
                headers = [_CHALLENGE, ("Content-Type", "text/plain"), *self.headers]
                start_response("401 Unauthorized", headers)
                return [b"Unauthorized\n"]
            return application(environ, self._with_headers(start_response))

        return serve

    def _with_headers(self, start_response: StartResponse) -> StartResponse:
        def start(status: str, headers: list[tuple[str, str]], *failure: object) -> object:
            return start_response(status, [*headers, *self.headers], *failure)  # type: ignore[arg-type]

        return start  # type: ignore[return-value]


def read_web_config(path: Path) -> WebConfig:
    """The web configuration in the file at `path`; WebConfigError when it cannot be used."""
    try:
        given = msgspec.yaml.decode(path.read_bytes() or b"{}", type=WebConfigFile)
    except OSError as error:
        raise WebConfigError(f"cannot read the web config {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise WebConfigError(f"the web config {path}: {' '.join(str(error).split())}") from error
    for user, hashed in given.basic_auth_users.items():
        _check_hash(path, user, hashed)
    users = Users(given.basic_auth_users) if given.basic_auth_users else None
    tls = _context(path, given.tls_server_config) if given.tls_server_config else None
    return WebConfig(tls, users, tuple(given.http_server_config.headers.items()))


def _check_hash(path: Path, user: str, hashed: str) -> None:
    try:
        bcrypt.checkpw(b"", hashed.encode())
    except ValueError:
        raise WebConfigError(
            f'the web config {path}: the password of {user!r} is not a bcrypt hash (htpasswd -nBC 10 "")'
        ) from None


def _context(path: Path, given: TlsServerConfig) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.minimum_version = _VERSIONS[given.min_version]
        context.maximum_version = _VERSIONS[given.max_version]
        context.load_cert_chain(path.parent / given.cert_file, path.parent / given.key_file)
        if given.client_ca_file:
            context.load_verify_locations(path.parent / given.client_ca_file)
        elif given.client_auth_type != "NoClientCert":
            raise WebConfigError(f"the web config {path}: {given.client_auth_type} needs client_ca_file")
    except (OSError, ValueError) as error:
        raise WebConfigError(f"the web config {path}: tls_server_config: {error}") from error
    context.verify_mode = _CLIENT_AUTH[given.client_auth_type]
    return context
