"""The README's lines for foreign clients, run as they stand there: curl and OpenSSL enroll through the RA."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.lab import Lab
from testbed.settings import LabSettings

README = Path(__file__).parents[2] / "README.md"
NEEDED = ("bash", "curl", "openssl", "python3")


def shell_block(word: str) -> str:
    """The one `sh` block of the README that holds `word`."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (block for block in blocks if word in block)
    return str(found)


@pytest.fixture
def beside_a_lab(tmp_path: Path) -> Iterator[Path]:
    """A directory with the `lab.json` of a running lab."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lab(LabSettings(), logs, tmp_path / "ca.sqlite") as lab:
        lab.endpoints.write(tmp_path / "lab.json")
        yield tmp_path


@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)}")
def test_curl_and_openssl_enroll_by_the_readmes_lines(beside_a_lab: Path) -> None:
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", shell_block("simpleenroll")],
        cwd=beside_a_lab, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "phone.pem: OK\n"
    shown = subprocess.run(
        ["openssl", "x509", "-in", "phone.pem", "-noout", "-subject", "-issuer"],
        cwd=beside_a_lab, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "CN = SEP0123456789AB" in shown
    assert "CN = ESTORM-LAB-CA" in shown
