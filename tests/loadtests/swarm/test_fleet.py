"""The phones of one process: when they start, and that all end. Locust replaces sockets: never in here."""

import asyncio
import itertools
import re
import signal
import ssl
import threading
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
    on_free_port,
)
from tests.loadtests.peers import read_request, tls_peer

pytestmark = pytest.mark.long


def test_arrivals_keep_the_rate_and_are_not_early(locust: Locust, journal: Path) -> None:
    ended(locust("--headless", "--arrival-rate", "50"))
    made = sorted(attempts(journal), key=lambda attempt: attempt.index)
    steps = [later.intended_start - earlier.intended_start for earlier, later in itertools.pairwise(made)]
    assert steps == pytest.approx([0.02] * (PHONES - 1), abs=1e-5)
    assert all(attempt.started >= attempt.intended_start for attempt in made)


def test_a_phone_starts_on_time_though_the_server_holds_all_before_it(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    async def hold(request: Request) -> Response:
        if request.method == "POST":
            await asyncio.sleep(3600)
        return est_server.est(request)

    est_server.handle = hold
    ended(locust("--headless", "--arrival-rate", "100", "--read-timeout", "1", "--users", "1"))
    made = attempts(journal)
    assert {attempt.est_error for attempt in made} == {"EST_ERR_SSL_READ"}
    assert len(made) == PHONES
    assert max(attempt.started for attempt in made) < min(attempt.done for attempt in made)


def test_a_closed_run_has_no_more_phones_under_way_than_users(locust: Locust, journal: Path) -> None:
    process = locust("--headless", "--users", "2", "--spawn-rate", "2", "--key-pool-size", "3")
    assert process.wait(60) == 0
    made = attempts(journal)
    assert_each_phone_enrolled_once(made)
    edges = sorted([(a.started, 1) for a in made] + [(a.done, -1) for a in made])
    under_way = [sum(step for _, step in edges[: n + 1]) for n in range(len(edges))]
    assert max(under_way) <= 2


TELLS_ITS_BEGIN = """
from locust import events
from loadtests.locustfile import PhoneUser

@events.init.add_listener
def listen(environment, **_):
    environment.events.load_start.add_listener(lambda at, **_: print("load begins at", repr(at), flush=True))
"""


def test_no_phone_of_a_closed_run_starts_before_the_load_begins(
    locust: Locust, journal: Path, tmp_path: Path
) -> None:
    locustfile = tmp_path / "tells_its_begin.py"
    locustfile.write_text(TELLS_ITS_BEGIN)
    output = ended(locust("--headless", "--users", "2", "--spawn-rate", "2", locustfile=locustfile))
    begin = re.search(r"load begins at ([\d.]+)", output)
    assert begin, output
    assert min(attempt.intended_start for attempt in attempts(journal)) >= float(begin[1])


def test_a_run_time_ends_the_run_and_lets_phones_under_way_end(locust: Locust, journal: Path) -> None:
    process = locust(
        "--headless",
        "--arrival-rate",
        "4",
        "--run-time",
        "6",
        "--processes",
        "2",
        *on_free_port(),
    )
    output = ended(process)
    assert process.returncode == 0, output
    made = attempts(journal)
    assert 0 < len(made) < PHONES
    assert all(attempt.enrolled for attempt in made)


def test_a_phone_that_outlasts_the_run_is_ended_and_written_down(
    locust: Locust, journal: Path, est_server: EstServer
) -> None:
    asked = threading.Event()

    def drip(connection: ssl.SSLSocket, over: threading.Event) -> None:
        read_request(connection)
        asked.set()
        while not over.wait(0.2):
            connection.sendall(b"x")

    with tls_peer(est_server.ca.server_tls, drip) as port:
        options = ("--arrival-rate", "9", "--phones", "1", "--read-timeout", "2")
        timers = ("--connect-timeout", "2", "--handshake-timeout", "2")
        chain = ("--lsc-chain", str(est_server.ca.trust_anchor))
        process = locust("--headless", *options, *timers, *chain, host=f"https://127.0.0.1:{port}")
        assert asked.wait(60)
        process.send_signal(signal.SIGTERM)
        ended(process)
    (attempt,) = attempts(journal)
    assert attempt.est_error == "EST_ERR_SSL_READ"
    assert attempt.reason == "waiting for the answer: the run ended before it did"
