"""ISC's dig, as it asks and as it says what came back."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

needs_dig = pytest.mark.skipif(not shutil.which("dig"), reason="dig is not installed")
NO_SERVER = 9


@dataclass(frozen=True)
class Dug:
    """What dig saw; `answers` and `authority` are lines of a zone file, split."""

    exit_code: int
    text: str

    def _one(self, pattern: str) -> str:
        found = re.search(pattern, self.text)
        return found.group(1) if found else ""

    @property
    def status(self) -> str:
        return self._one(r"status: (\w+)")

    @property
    def flags(self) -> list[str]:
        return self._one(r";; flags: ([^;]*);").split()

    @property
    def transport(self) -> str:
        return self._one(r";; SERVER: .*\((UDP|TCP)\)")

    @property
    def milliseconds(self) -> int:
        return int(self._one(r";; Query time: (\d+) msec"))

    @property
    def answers(self) -> list[list[str]]:
        return self._section("ANSWER")

    @property
    def authority(self) -> list[list[str]]:
        return self._section("AUTHORITY")

    @property
    def addresses(self) -> list[str]:
        return [fields[4] for fields in self.answers if fields[3] in ("A", "AAAA")]

    def _section(self, name: str) -> list[list[str]]:
        body = self._one(rf";; {name} SECTION:\n((?:[^;\n].*\n)+)")
        return [line.split(None, 4) for line in body.splitlines()]


def dig(address: str, *arguments: str, seconds: int = 5) -> Dug:
    """Ask the server at HOST:PORT once; `arguments` are dig's: name, type, `+tcp`."""
    host, _, port = address.rpartition(":")
    asked = ["dig", "-r", f"@{host}", "-p", port, "+tries=1", f"+timeout={seconds}", *arguments]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=30)
    return Dug(done.returncode, done.stdout)
