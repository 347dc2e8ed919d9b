"""The guide as the model of the log lines: its own excerpts, parsed from its text."""

import re

from tests.guide import guide_text, nginx_lines


def excerpt(start: str, containing: str) -> list[str]:
    """The lines of the first excerpt that begins with `start` and holds `containing`."""
    for paragraph in guide_text().splitlines():
        if paragraph.startswith(start) and containing in paragraph:
            return nginx_lines(paragraph)
    raise AssertionError(f"the guide has no excerpt that begins with {start!r} and holds {containing!r}")


# What differs between the guide's laboratory and a test, each by what it stands for.
_LOCAL = (
    (re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"), "[TIME]"),
    (re.compile(r"\] \d+#0:"), "] PID#0:"),
    (re.compile(r"#0: \*\d+ "), "#0: *N "),
    (re.compile(r"PID value = \d+"), "PID value = PID"),
    (re.compile(r"https://[^/:]+:\d+/"), "https://CA:PORT/"),
    (re.compile(r"client: [\d.]+, server: [\d.]+:\d+"), "client: CLIENT, server: SERVER"),
    (re.compile(r"--> [\d.]+ \[TIME\]"), "--> CLIENT [TIME]"),
    (re.compile(r"cert to store \(.*?\)(?= |$)"), "cert to store (NAME)"),
    (re.compile(r"data len: \d+"), "data len: N"),
    (re.compile(r"(against|to) (CiscoSSL|OpenSSL) .*"), r"\1 TLS-LIBRARY"),
    (re.compile(r"after \d+ milliseconds"), "after N milliseconds"),
)


def general(line: str) -> str:
    """A line without what is local to one laboratory."""
    for pattern, name in _LOCAL:
        line = pattern.sub(name, line)
    return line


def generals(lines: list[str]) -> list[str]:
    """The lines without what is local; a run of equal lines (one for each trust anchor) as one."""
    found: list[str] = []
    for line in map(general, lines):
        if not found or found[-1] != line:
            found.append(line)
    return found
