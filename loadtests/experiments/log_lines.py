"""The chain's logs in a run folder: which lines of them are a fault's evidence."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from chaos.fault import Evidence, Log
from loadtests.storm.run_folder import RunFolder

_FILES: Mapping[Log, str] = MappingProxyType(
    {"capf": "capf.log", "ciscora": "ciscora.log", "nginx_error": "nginx_error.log", "iis": "u_ex*.log"}
)


def found_lines(folder: RunFolder, evidence: Evidence) -> list[str]:
    """The lines of its log that the pattern is found in, in order."""
    pattern = re.compile(evidence.pattern)
    return [line for line in _lines(sorted(folder.logs.glob(_FILES[evidence.log]))) if pattern.search(line)]


def missing(folder: RunFolder, expected: Iterable[Evidence]) -> list[Evidence]:
    """Those that are in no log."""
    return [evidence for evidence in expected if not found_lines(folder, evidence)]


def _lines(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        yield from path.read_text(encoding="utf-8", errors="replace").splitlines()
