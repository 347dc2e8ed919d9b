"""The vendor's troubleshooting guide as the tests' model: its log excerpts, cut into lines."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "shared" / "reference" / "capf-online-ca-troubleshooting.fr.txt"

_IIS_ROW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:\S+ ){12}\d+")
_CAPF_LINE = re.compile(r"(?=\d\d:\d\d:\d\d\.\d{3} \|)")
_NGINX_LINE = re.compile(
    r"(?=\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[|nginx: \[|\*\*\*EST \[|EnrollmentService\.sh)",
)


def guide_text() -> str:
    """The guide; skips the test where it is not at hand."""
    if not GUIDE.exists():
        pytest.skip(f"the guide is not at {GUIDE}")
    return GUIDE.read_text(encoding="utf-8")


def paragraph(*marks: str) -> str:
    """The one paragraph of the guide that holds every one of `marks`."""
    found = [line for line in guide_text().splitlines() if all(mark in line for mark in marks)]
    assert len(found) == 1, f"{len(found)} paragraphs hold {marks}"
    return found[0]


def iis_rows(text: str) -> list[list[str]]:
    """The W3C rows in `text`, each as its 15 fields."""
    return [row.split(" ") for row in _IIS_ROW.findall(text)]


def nginx_lines(text: str) -> list[str]:
    """The NGINX and libEST lines in `text`, which the guide runs together."""
    return [line.strip() for line in _NGINX_LINE.split(text) if line.strip()]


def capf_lines(text: str) -> list[str]:
    """The lines of CAPF's trace in `text`, which the guide runs together."""
    parts = (part for line in text.splitlines() for part in _CAPF_LINE.split(line))
    return [part.strip() for part in parts if _CAPF_LINE.match(part)]
