"""The page's content security policy: nothing but the scripts that it names may run."""

import base64
import hashlib


def hash_source(script: str) -> str:
    """The script as the policy names it."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
