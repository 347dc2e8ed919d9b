"""The locustfile under stock Locust, as a user starts it. Locust replaces sockets: never in this process."""

import contextlib
import re
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from testbed.web.messages import Request, Response
from tests.loadtests.est_server import EstServer
from tests.loadtests.locusts import (
    PHONES,
    Locust,
    assert_each_phone_enrolled_once,
    attempts,
    ended,
    free_port,
    wait_for,
)

pytestmark = pytest.mark.long


def test_one_process_enrolls_every_phone_once_and_exits_0(locust: Locust, journal: Path) -> None:
    process = locust("--headless", "--arrival-rate", "100")
    output = ended(process)
    assert process.returncode == 0, output
    assert_each_phone_enrolled_once(attempts(journal))
    assert re.search(rf"EST +simpleenroll +{PHONES} +0\(0.00%\)", output)


def test_failed_phones_are_in_the_journal_and_in_locusts_statistics(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    def refuse(request: Request) -> Response:
        return est_server.est(request) if request.method == "GET" else Response(503)

    est_server.handle = refuse
    process = locust("--headless", "--arrival-rate", "200")
    output = ended(process)
    assert process.returncode == 1, output
    assert {attempt.est_error for attempt in attempts(journal)} == {"EST_ERR_UNKNOWN"}
    assert re.search(rf"{PHONES} +EST simpleenroll: .*EST_ERR_UNKNOWN \(94\)", output)


@pytest.mark.parametrize(
    ("host", "options", "complaint"),
    [
        ("", (), "no EST server"),
        ("https://127.0.0.1:1", ("--trust-anchor", "/nowhere.pem"), "/nowhere.pem"),
        ("https://127.0.0.1:1", ("--arrival-rate", "9"), "https://127.0.0.1:1 does not answer as an EST"),
    ],
    ids=["options", "files", "server"],
)
def test_bad_usage_is_one_line_and_exit_code_2(
    locust: Locust, host: str, options: tuple[str, ...], complaint: str
) -> None:
    process = locust("--headless", *options, host=host)
    output = ended(process)
    assert process.returncode == 2, output
    assert len([line for line in output.splitlines() if complaint in line]) == 1, output
    assert "Traceback" not in output


def post(url: str, **fields: str) -> None:
    data = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(url, data, timeout=30) as answer:
        assert b"true" in answer.read()


def test_the_web_page_starts_the_fleet_and_starts_it_anew(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    port = free_port()
    locust("--web-host=127.0.0.1", f"--web-port={port}", host="")
    page = f"http://127.0.0.1:{port}"

    def stopped_after(count: int) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{page}/stats/requests", timeout=5) as answer,
        ):
            return b'"stopped"' in answer.read() and len(attempts(journal)) == count
        return False

    def is_up() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(page, timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    wait_for(is_up)
    form = {"user_count": "1", "spawn_rate": "1", "host": est_server.url}
    post(f"{page}/swarm", **form, arrival_rate="200", phones="10")
    wait_for(lambda: stopped_after(10))
    post(f"{page}/swarm", **form, arrival_rate="200", phones="10")
    wait_for(lambda: stopped_after(20))
    counts = Counter((attempt.phone, attempt.attempt) for attempt in attempts(journal))
    assert set(counts.values()) == {1}
    assert {number for _, number in counts} == {1, 2}
