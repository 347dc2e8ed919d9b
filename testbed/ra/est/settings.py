"""Settings of the RA's EST side: how clients prove who they are, and what they are answered with.

The defaults are libEST's, as measured, where libEST has the setting.
"""

from typing import Annotated, Literal

import msgspec

from testbed.bounds import Oid, Seconds, Settings

Authentication = Literal[
    "basic", "digest", "certificate",
    "certificate_or_basic", "certificate_or_digest", "certificate_and_basic", "certificate_and_digest",
]  # fmt: skip
KeyKind = Literal["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384"]
Entries = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class CsrAttribute(Settings, frozen=True):
    """One entry of csrattrs: an OID alone, or an attribute with OIDs as its values (RFC 7030, 4.5.2)."""

    oid: Oid
    values: tuple[Oid, ...] = ()


class DigestSettings(Settings, frozen=True):
    """HTTP Digest: the algorithms offered, the best first, and how long a nonce may be used.

    No `algorithms` means the profile's: MD5 for libEST, SHA-256 and MD5 for the RFC.
    """

    algorithms: tuple[Literal["md5", "sha-256"], ...] = ()
    nonce_seconds: Seconds = 300.0
    nonces: Entries = 10_000


class EstLimits(Settings, frozen=True):
    """What one client may take of the RA: libEST's sizes and its timer for a whole request."""

    header_bytes: Annotated[int, msgspec.Meta(ge=256, le=1_000_000)] = 16_384
    body_bytes: Annotated[int, msgspec.Meta(ge=256, le=10_000_000)] = 8192
    request_seconds: Seconds = 10.0
    handshake_seconds: Seconds = 10.0


class PendingSettings(Settings, frozen=True):
    """Requests the CA has not decided on: what the client is told, how many are remembered, how long.

    libEST takes 60 to 172 800 for Retry-After.
    """

    retry_after_seconds: Annotated[int, msgspec.Meta(ge=1, le=172_800)] = 3600
    requests: Entries = 10_000
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 10


class EstSettings(Settings, frozen=True):
    """The EST server. `profile` decides the manners: `libest` as measured, `rfc` strictly by the RFCs.

    `client_ca` is a PEM file of more CAs whose certificates clients may show; the lab's own is always among
    them. `proof_of_possession` "on" demands it; a proof that is there is checked in any case.
    `base64_lines` says whether a request must be in lines; `base64_columns` is the width of answers, 0 for
    one unbroken line. No `attributes` is 204; `attributes_required` refuses requests that lack one.
    """

    profile: Literal["libest", "rfc"] = "libest"
    authentication: Authentication = "basic"
    digest: DigestSettings = DigestSettings()
    client_ca: str = ""
    proof_of_possession: Literal["off", "on"] = "off"
    base64_lines: Literal["profile", "required", "optional"] = "profile"
    base64_columns: Annotated[int, msgspec.Meta(ge=0, le=76, multiple_of=4)] = 64
    attributes: tuple[CsrAttribute, ...] = ()
    attributes_required: bool = False
    server_key: KeyKind = "rsa-2048"
    server_keys_at_once: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    pending: PendingSettings = PendingSettings()
    limits: EstLimits = EstLimits()
