"""HTTP Digest authentication (RFC 7616, qop "auth") of the EST client, with MD5 and SHA-256."""

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

from testbed.ra.est.accounts import AuthType, Proof, quoted
from testbed.ra.est.nonces import Nonces

_PARAMETER = re.compile(r'\s*([A-Za-z]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))\s*(?:,|$)')
_ESCAPED = re.compile(r"\\(.)")
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_HEADER_CHARACTERS = 4096
_HASHES: dict[str, Callable[[bytes], str]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "sha-256": lambda data: hashlib.sha256(data).hexdigest(),
}


class DigestAccount:
    """The one account that may enroll. It keeps hashes of the password, not the password.

    `algorithms` are `md5` and `sha-256`, the best first: each is a challenge of its own (RFC 7616, 3.7).
    """

    auth_type = AuthType.DIGEST

    def __init__(
        self, user: str, password: str, realm: str, algorithms: Sequence[str], nonces: Nonces
    ) -> None:
        self._user, self._realm, self._nonces = user, realm, nonces
        secret = f"{user}:{realm}:{password}".encode()
        self._secrets = {algorithm: _HASHES[algorithm](secret) for algorithm in algorithms}

    def challenges(self, *, stale: bool = False) -> tuple[str, ...]:
        """One challenge for each algorithm, all with one new nonce; MD5's names no algorithm, as libEST's."""
        rest = f'realm={quoted(self._realm)}, nonce="{self._nonces.issue()}"'
        rest += ", stale=true" if stale else ""
        return tuple(f'Digest qop="auth", {rest}{_algorithm(name)}' for name in self._secrets)

    def check(self, authorization: str, method: str, target: str) -> Proof:
        """What an Authorization header proves for a request with this method and target."""
        sent = parse(authorization)
        algorithm = sent.get("algorithm", "MD5").lower()
        secret = self._secrets.get(algorithm)
        if secret is None or not self._is_for_this(sent, target):
            return Proof.WRONG
        digest = _HASHES[algorithm]
        request = digest(f"{method}:{target}".encode("latin-1"))
        middle = ":".join((sent["nonce"], sent["nc"], sent["cnonce"], sent["qop"]))
        expected = digest(f"{secret}:{middle}:{request}".encode("latin-1"))
        if not hmac.compare_digest(expected.encode(), sent["response"].lower().encode("latin-1")):
            return Proof.WRONG
        return Proof.GOOD if self._nonces.use(sent["nonce"], int(sent["nc"], 16)) else Proof.STALE

    def _is_for_this(self, sent: dict[str, str], target: str) -> bool:
        if not {"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce"} <= sent.keys():
            return False
        names = (sent["username"].encode("latin-1"), sent["realm"].encode("latin-1"))
        return (
            names == (self._user.encode(), self._realm.encode())
            and sent["uri"] == target
            and sent["qop"] == "auth"
            and _COUNT.fullmatch(sent["nc"]) is not None
            and sent["cnonce"] != ""
        )


def parse(authorization: str) -> dict[str, str]:
    """The parameters of a Digest header, names in lower case; empty when it is none or not well-formed."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "digest" or len(rest) > _HEADER_CHARACTERS:
        return {}
    parameters: dict[str, str] = {}
    position = 0
    while position < len(rest):
        match = _PARAMETER.match(rest, position)
        if match is None or match[1].lower() in parameters:
            return {}
        text = _ESCAPED.sub(r"\1", match[2]) if match[2] is not None else match[3]
        parameters[match[1].lower()] = text
        position = match.end()
    return parameters


def _algorithm(name: str) -> str:
    return "" if name == "md5" else f", algorithm={name.upper()}"
