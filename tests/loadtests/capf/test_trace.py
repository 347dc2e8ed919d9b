"""The trace is compared with the guide's own excerpts, both read by the same parser."""

import datetime as dt
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.capf.trace import CapfTrace
from loadtests.phones.settings import AuthenticationMode
from loadtests.scenario import KeyType
from testbed.est_errors import EstError

GUIDE = Path(__file__).parents[4] / "shared" / "reference" / "capf-online-ca-troubleshooting.fr.txt"
LINE = re.compile(r"(?P<time>\d\d:\d\d:\d\d\.\d{3}) (?P<mark>\|-->|\|<--|\| )(?P<text>.*)", re.DOTALL)
START_OF_LINE = re.compile(r"(?=\d\d:\d\d:\d\d\.\d{3} \|)")
FINISH_BY = dt.datetime(2019, 1, 20, 12, 0)  # noqa: DTZ001
AT = time.mktime((2019, 1, 16, 14, 5, 5, 0, 0, -1)) + 0.236


def read_trace(text: str) -> Iterator[tuple[str, str]]:
    """Mark and text of each line, descriptors and the text's end apart: the guide cuts it with [...]."""
    for part in START_OF_LINE.split(text):
        if part.strip():
            line = LINE.fullmatch(part.rstrip().removesuffix("[…]").rstrip())
            assert line, part
            yield line["mark"], re.sub(r"addded \d+ to", "addded N to", line["text"].rstrip())


def guide_excerpts(name: str) -> list[tuple[str, str]]:
    if not GUIDE.exists():
        pytest.skip(f"the guide is not at {GUIDE}")
    text = GUIDE.read_text(encoding="utf-8")
    paragraphs = [line for line in text.splitlines() if name in line and START_OF_LINE.match(line)]
    assert paragraphs
    return [line for paragraph in paragraphs for line in read_trace(paragraph)]


def trace_of(tmp_path: Path, key_type: KeyType = KeyType.RSA_2048) -> tuple[CapfTrace, Path]:
    path = tmp_path / "capf.log"
    return CapfTrace(path, key_type, FINISH_BY), path


def contains_in_order(lines: list[tuple[str, str]], wanted: list[tuple[str, str]]) -> bool:
    remaining = iter(lines)
    return all(line in remaining for line in wanted)


def test_a_success_has_every_line_of_the_guides_excerpts_in_their_order(tmp_path: Path) -> None:
    trace, path = trace_of(tmp_path)
    with trace:
        trace.started("SEP74A02FC0A675", AT)
        trace.succeeded("SEP74A02FC0A675", 1963, AT, AT)
    ours = list(read_trace(path.read_text()))
    guide = guide_excerpts("SEP74A02FC0A675")
    assert len(guide) > 90
    assert contains_in_order(ours, guide)


def test_a_failure_is_the_guides_excerpt_line_for_line(tmp_path: Path) -> None:
    trace, path = trace_of(tmp_path)
    with trace:
        trace.started("SEP001F6C81118B", AT)
        trace.refused("SEP001F6C81118B", EstError.SSL_READ, AT + 10)
    assert list(read_trace(path.read_text())) == guide_excerpts("SEP001F6C81118B")


def test_times_are_local_with_milliseconds(tmp_path: Path) -> None:
    trace, path = trace_of(tmp_path)
    with trace:
        trace.started("SEP020000000001", AT)
    assert path.read_text().startswith(
        "14:05:05.236 |-->debug\n14:05:05.236 | debug 2:SEP020000000001:CA Mode"
    )


def test_an_answer_that_cannot_be_used_is_taken_by_libest_and_fails_the_signing(tmp_path: Path) -> None:
    trace, path = trace_of(tmp_path)
    with trace:
        trace.unusable("SEP020000000001", EstError.BAD_X509, 77, AT, AT)
    text = path.read_text()
    assert "Enrollment rv = 0 (EST_ERR_NONE) with pkcs7 length = 77" in text
    assert text.index("Converting PKCS7") < text.index("Return value from enrollCertUsingEST() : 63")
    assert "Online Cert Signing Failed" in text
    assert "LSC is verified" not in text


@pytest.mark.parametrize(
    ("key_type", "expected"),
    [
        (KeyType.RSA_4096, ["KeySize=KEY_SIZE_4096:5", "ECKeySize=INVALID:0", "pubKey length: 526"]),
        (KeyType.P_384, ["KeySize=INVALID:0", "ECKeySize=EC_KEY_SIZE_384:2", "pubKey length: 97"]),
    ],
)
def test_the_devices_key_shows_in_its_settings(
    tmp_path: Path, key_type: KeyType, expected: list[str]
) -> None:
    trace, path = trace_of(tmp_path, key_type)
    with trace:
        trace.succeeded("SEP020000000001", 900, AT, AT)
    text = path.read_text()
    assert [words for words in expected if f"{words}\n" not in text] == []


def test_the_devices_authentication_mode_shows_in_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "capf.log"
    mode = AuthenticationMode.AUTH_BY_NULL_STR
    with CapfTrace(path, KeyType.RSA_2048, FINISH_BY, mode) as trace:
        trace.succeeded("SEP020000000001", 900, AT, AT)
    assert "BEFORE DB query Authentication Mode=AUTH_BY_NULL_STR:2\n" in path.read_text()


WRITER = """
import datetime, sys
from pathlib import Path
from loadtests.capf.trace import CapfTrace
from loadtests.scenario import KeyType
with CapfTrace(Path(sys.argv[1]), KeyType.RSA_2048, datetime.datetime.now()) as trace:
    for _ in range(100):
        trace.succeeded(sys.argv[2], 900, 0.0, 0.0)
"""


def test_processes_that_share_a_file_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "capf.log"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, f"SEP02000000000{number}"])
        for number in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    blocks = path.read_text().split("MsgType : CAPF_MSG_END_SESSION")[:-1]
    assert len(blocks) == 400
    assert all(len(set(re.findall(r"SEP\d{12}", block))) == 1 for block in blocks)
