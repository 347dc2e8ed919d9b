"""Long texts in well under half their size, as the page carries them and its own script unpacks them.

Plotly's script is one; the page runs it only because its content security policy names its hash.
"""

import base64
import zlib
from dataclasses import dataclass
from functools import lru_cache

from plotly.offline import get_plotlyjs

from loadtests.report.policy import hash_source

# `<` could begin a tag or a comment there; Base85 (RFC 1924's letters) has no `.`.
_IN_A_SCRIPT = str.maketrans("<", ".")


@dataclass(frozen=True, slots=True)
class Packed:
    """A text, deflated (RFC 1950) and in Base85: its deflated size, and its name in the policy."""

    text: str
    size_bytes: int
    hash_source: str


def packed(content: str) -> Packed:
    """The text as a page carries it."""
    deflated = zlib.compress(content.encode(), 9)
    text = base64.b85encode(deflated).decode().translate(_IN_A_SCRIPT)
    return Packed(text, len(deflated), hash_source(content))


@lru_cache(maxsize=1)
def plotly() -> Packed:
    """Plotly's own script."""
    return packed(get_plotlyjs())
