"""Host names: as labels on the wire, as text to read, as keys to find them by."""

from dnslib import DNSLabel

from chaos.dns.reply import Labels
from chaos.errors import NameUnusable

_LABEL_BYTES, _NAME_BYTES = 63, 253


def text(labels: Labels) -> str:
    """The name with its last dot; bytes that cannot be printed stand as RFC 1035 section 5.1 has it."""
    return str(DNSLabel(labels))


def key(name: str) -> str:
    """What names that mean the same have in common (RFC 4343): lower case, no last dot."""
    return name.removesuffix(".").lower()


def labels(name: str) -> Labels:
    """The labels of a name, IDNA where it is not ASCII; NameUnusable when no query could carry it."""
    try:
        found: Labels = tuple(DNSLabel(name).label)
    except (UnicodeError, ValueError) as error:
        raise NameUnusable(f"{name!r} cannot be a host name: {error}") from error
    check(found)
    return found


def check(found: Labels) -> None:
    """NameUnusable for labels no packet may hold (RFC 1035 section 2.3.4)."""
    if any(not 1 <= len(label) <= _LABEL_BYTES for label in found):
        raise NameUnusable(f"each label has 1 to {_LABEL_BYTES} bytes: {text(found)!r}")
    if sum(map(len, found)) + len(found) - 1 > _NAME_BYTES:
        raise NameUnusable(f"a name has at most {_NAME_BYTES} bytes: {text(found)!r}")
