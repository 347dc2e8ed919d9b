"""A file that is replaced: whoever reads it meanwhile finds what was there, or all of what is there now."""

import os
from pathlib import Path

_FOR_EVERYONE = 0o666


def replace_whole(path: Path, content: bytes, mode: int = _FOR_EVERYONE) -> None:
    """Put `content` at `path`, of this `mode` less the umask; with an OSError what was there stays."""
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        whole.touch(mode)
        whole.write_bytes(content)
        whole.replace(path)
    except OSError:
        whole.unlink(missing_ok=True)
        raise
