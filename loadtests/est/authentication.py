"""HTTP authentication as an EST client does it: Basic (RFC 7617) and Digest (RFC 7616).

Basic goes out with the first request, as CAPF's does. Digest, and whatever a server offers, needs the
server's challenge first: a request without credentials, its 401, and the request once more.
"""

import base64
import enum
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from loadtests.errors import EnrollmentFailed
from testbed.est_errors import EstError

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - RFC 9110's name for it
_PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(_TOKEN)
_FIRST_USE = "00000001"


class AuthScheme(enum.StrEnum):
    """When credentials go out and in what form."""

    BASIC = "basic"
    DIGEST = "digest"
    OFFERED = "offered"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme that a server offers; scheme and parameter names in lower case."""

    scheme: str
    parameters: Mapping[str, str]

    def __str__(self) -> str:
        algorithm = self.parameters.get("algorithm", "MD5") if self.scheme == "digest" else ""
        realm = f' for realm "{self.parameters["realm"]}"' if "realm" in self.parameters else ""
        return f"{self.scheme.capitalize()}{f' {algorithm}' if algorithm else ''}{realm}"


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What a digest covers of the request it goes with."""

    method: str
    uri: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password, and the schemes they may be used in."""

    user: str
    password: str
    scheme: AuthScheme = AuthScheme.BASIC

    @property
    def header(self) -> str:
        """The value of the Authorization header for HTTP Basic."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")

    def answer(self, offered: Iterable[str], request: RequestLine, cnonce: str) -> str:
        """The Authorization header that answers a 401's WWW-Authenticate values, with the best scheme.

        Digest with SHA-256 before Digest with MD5 before Basic, and Basic only where `scheme` allows it.
        EnrollmentFailed (AUTH_FAIL) when nothing offered can be answered; it names what was.
        """
        challenges = read_challenges(offered)
        for challenge in sorted(challenges, key=_weakness):
            if challenge.scheme == "digest" and _hash_of(challenge) and _qop_of(challenge) is not None:
                return self._digest(challenge, request, cnonce)
            if challenge.scheme == "basic" and self.scheme is AuthScheme.OFFERED:
                return self.header
        shown = ", ".join(map(str, challenges)) or "no scheme"
        raise EnrollmentFailed(EstError.AUTH_FAIL, f"HTTP 401: the server offers {shown}")

    def _digest(self, challenge: Challenge, request: RequestLine, cnonce: str) -> str:
        """RFC 7616 section 3.4; without a qop, that of RFC 2069."""
        digest = _hash_of(challenge)
        assert digest is not None
        offered = challenge.parameters
        realm, nonce, qop = offered.get("realm", ""), offered.get("nonce", ""), _qop_of(challenge)
        secret = digest(f"{self.user}:{realm}:{self.password}")
        if offered.get("algorithm", "").lower().endswith("-sess"):
            secret = digest(f"{secret}:{nonce}:{cnonce}")
        middle = f"{nonce}:{_FIRST_USE}:{cnonce}:{qop}" if qop else nonce
        hashed = offered.get("userhash", "").lower() == "true"
        user = digest(f"{self.user}:{realm}") if hashed else self.user
        fields = {
            "username": _quoted(user), "realm": _quoted(realm), "nonce": _quoted(nonce),
            "uri": _quoted(request.uri),
            "response": _quoted(digest(f"{secret}:{middle}:{digest(f'{request.method}:{request.uri}')}")),
        }  # fmt: skip
        if qop:
            fields |= {"qop": qop, "nc": _FIRST_USE, "cnonce": _quoted(cnonce)}
        if hashed:
            fields["userhash"] = "true"
        if "algorithm" in offered:
            fields["algorithm"] = offered["algorithm"]
        if "opaque" in offered:
            fields["opaque"] = _quoted(offered["opaque"])
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())


def read_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges in WWW-Authenticate header values (RFC 9110 section 11.6.1); never raises."""
    return [challenge for value in values for challenge in _challenges_of(value)]


def _challenges_of(value: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while at < len(value):
        if found and (parameter := _PARAMETER.match(value, at)):
            name, quoted, bare = parameter.groups()
            found[-1][1][name.lower()] = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            at = parameter.end()
        elif scheme := _SCHEME.match(value, at):
            found.append((scheme[0].lower(), {}))
            at = scheme.end()
        else:
            at += 1
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _weakness(challenge: Challenge) -> int:
    if challenge.scheme != "digest":
        return 2
    return 0 if challenge.parameters.get("algorithm", "").lower().startswith("sha-256") else 1


def _hash_of(challenge: Challenge) -> Callable[[str], str] | None:
    name = challenge.parameters.get("algorithm", "md5").lower().removesuffix("-sess")
    if name not in ("md5", "sha-256"):
        return None
    algorithm = name.replace("-", "")
    return lambda text: hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


def _qop_of(challenge: Challenge) -> str | None:
    """`auth`, the empty text for a server without qop, None for one that wants what we do not do."""
    if "qop" not in challenge.parameters:
        return ""
    offered = {word.strip().lower() for word in challenge.parameters["qop"].split(",")}
    return "auth" if "auth" in offered else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
