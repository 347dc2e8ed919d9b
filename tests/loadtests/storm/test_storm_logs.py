"""One phone's enrollment in the chain's logs, held against the guide's own excerpts."""

import re
from pathlib import Path

import pytest

from tests.guide import iis_rows, nginx_lines, paragraph
from tests.loadtests.capf.test_trace import contains_in_order, guide_excerpts, read_trace
from tests.processes import run_estorm

ONE_PHONE = '[phones]\ncount = 1\nkey = "rsa-2048"\n'


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of a storm of one phone."""
    directory = tmp_path_factory.mktemp("logs")
    (directory / "one.toml").write_text(ONE_PHONE)
    done = run_estorm("storm", "one.toml", "--out", "run", cwd=directory)
    assert done.returncode == 0, done.stderr
    return directory / "run" / "logs"


def row_shape(row: list[str]) -> tuple[str, ...]:
    """What must be alike in two IIS rows: all but times, addresses, ports, request id and domain."""
    _, _, _, method, stem, query, _, user, _, agent, referer, status, sub_status, win32, _ = row
    return (
        method, stem, re.sub(r"ReqID=\d+", "ReqID=N", query), user.rpartition("\\")[2], agent,
        re.sub(r"//[^/]+/", "//CA/", referer), status, sub_status, win32,
    )  # fmt: skip


def line_shape(line: str) -> str:
    """What must be alike in two NGINX lines: all but times, processes, hosts, ports, names and lengths."""
    line = re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "TIME ", line)
    line = re.sub(r"\] \d+#0:( \*\d+)?", "] PID:", line)
    line = re.sub(r"https://[^/]+/", "https://CA/", line)
    line = re.sub(r"store \(.*?\)", "store (CERT)", line)
    line = re.sub(r"data len: \d+", "data len: N", line)
    return re.sub(r"client: \S+, server: \S+", "client: C, server: S", line)


def test_the_iis_log_has_the_guides_seven_rows(logs: Path) -> None:
    (w3c_log,) = logs.glob("u_ex*.log")
    ours = [row_shape(row) for row in iis_rows(w3c_log.read_text())]
    guide = [row_shape(row) for row in iis_rows(paragraph("POST /certsrv/certfnsh.asp"))]
    assert len(guide) == 7
    assert ours[-7:] == guide


def test_the_iis_log_has_the_guides_three_rows_of_the_start(logs: Path) -> None:
    (w3c_log,) = logs.glob("u_ex*.log")
    ours = [row_shape(row) for row in iis_rows(w3c_log.read_text())]
    guide = [row_shape(row) for row in iis_rows(paragraph("GET /certsrv/certnew.p7b", "CiscoRA+1.0"))]
    assert len(guide) == 3
    assert ours[:3] == guide


def test_the_capf_trace_has_every_line_of_the_guides_excerpts(logs: Path) -> None:
    trace = (logs / "capf.log").read_text()
    phone = re.search(r"2:(SEP[0-9A-F]{12}):", trace)
    assert phone is not None
    ours = [(mark, re.sub(r"length(?: =|:) \d+", "length N", text)) for mark, text in read_trace(trace)]
    guide = [
        (mark, re.sub(r"length(?: =|:) \d+", "length N", text.replace("SEP74A02FC0A675", phone[1])))
        for mark, text in guide_excerpts("SEP74A02FC0A675")
    ]
    variable = ("Operation Should Finish By", "pubKey:")
    wanted = [line for line in guide if not any(word in line[1] for word in variable)]
    assert len(wanted) > 90
    assert contains_in_order(ours, wanted)


def test_the_nginx_log_has_the_guides_lines_of_a_login_and_a_form(logs: Path) -> None:
    ours = [line_shape(line) for line in nginx_lines((logs / "nginx_error.log").read_text())]
    guide = [line_shape(line) for line in nginx_lines(paragraph("navigate_to_certsrv_page"))]
    until_the_form = guide[:6]
    assert until_the_form[-1].endswith("client: C, server: S")
    at = ours.index(until_the_form[0])
    assert ours[at : at + 6] == until_the_form


@pytest.mark.parametrize(
    "mark", ["login_to_certsrv_ca: Secure", "ra_certsrv_ca_plugin_postconf: CA Cert chain"]
)
def test_the_nginx_log_has_the_guides_lines_of_a_start(logs: Path, mark: str) -> None:
    ours = [line_shape(line) for line in nginx_lines((logs / "nginx_error.log").read_text())]
    excerpt = paragraph(mark, "2019/03/05").replace("[…]", "")
    guide = [line_shape(line) for line in nginx_lines(excerpt)]
    at = ours.index(guide[0])
    assert ours[at : at + len(guide)] == guide
