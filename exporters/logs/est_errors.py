"""libEST's error names, so that no log can make up a label of its own; and where its client meets each."""

from dataclasses import dataclass

GOOD = "EST_ERR_NONE"
UNKNOWN = "EST_ERR_UNKNOWN"
# Stages of exporters.load. SSL_READ may also be a read that broke off inside the answer: CES sends that in
# one piece, so who waits longer waits for its first byte.
_STAGES = {
    "resolve": ("IP_GETADDR",),
    "connect": ("IP_CONNECT",),
    "tls": ("SSL_CONNECT", "FQDN_MISMATCH"),
    "send": ("SSL_WRITE",),
    "wait": ("SSL_READ",),
    "answer": (
        "HTTP_UNSUPPORTED", "HTTP_BAD_REQ", "HTTP_NOT_FOUND", "HTTP_NO_CONTENT", "HTTP_LOCKED",
        "BAD_CONTENT_TYPE", "BAD_CONTENT_LEN", "AUTH_FAIL", "CA_ENROLL_FAIL", "CA_ENROLL_RETRY",
        "INVALID_RETRY_VALUE", "ZERO_LENGTH_BUF", "READ_BUFFER_TOO_SMALL", "BUF_EXCEEDS_MAX_LEN", "UNKNOWN",
    ),
    "check": (
        "CACERT_VERIFICATION", "X509_PUBKEY", "X509_CN", "VALIDATION", "BAD_X509", "BAD_BASE64",
        "NO_CERTS_FOUND",
    ),
}  # fmt: skip
_STAGE_OF = {f"EST_ERR_{name}": stage for stage, names in _STAGES.items() for name in names}


@dataclass(frozen=True, slots=True)
class EstErrorNames:
    """The names by their numbers, from 0."""

    names: tuple[str, ...]

    def numbered(self, number: int) -> str:
        """The name of an error that is known by its number alone."""
        return self.names[number] if 0 <= number < len(self.names) else UNKNOWN

    def named(self, name: bytes) -> str:
        """The name as the log has it, if it is one: numbers above 54 differ by version, names do not."""
        text = name.decode("ascii", "replace")
        return text if text in self.names else UNKNOWN


def stage_of(name: bytes) -> str:
    """How far a client of libEST comes that ends with this error; empty where the error does not tell."""
    return _STAGE_OF.get(name.decode("ascii", "replace"), "")
