"""`/metrics` of stock Locust with our locustfile. Locust replaces sockets: never in this process."""

import asyncio
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.targets import read_urls
from testbed.web.messages import Request, Response
from tests.loadtests.est_server import EstServer
from tests.loadtests.locusts import Locust, attempts, on_free_port

pytestmark = pytest.mark.long

PHONES = 60
Samples = dict[str, float]


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    return tmp_path / "targets-load.json"


@pytest.fixture
def metered(locust: Locust, targets: Path) -> Locust:
    """Starts Locust that shows its metrics."""

    def start(*options: str, listen: str = "0") -> "subprocess.Popen[str]":
        load = ("--headless", "--phones", str(PHONES), "--arrival-rate", "20")
        timers = ("--connect-timeout", "60", "--handshake-timeout", "60", "--read-timeout", "60")
        return locust(*load, *timers, "--metrics-listen", listen, "--metrics-targets", str(targets), *options)

    return start


class Gate:
    """Lets so many enrollments through; those after them wait until a test opens it."""

    def __init__(self, server: EstServer, free: int) -> None:
        self._server, self._free = server, free
        self._opened = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        server.handle = self._respond

    def open(self) -> None:
        assert self._loop is not None, "nobody has come to the gate"
        self._loop.call_soon_threadsafe(self._opened.set)

    async def _respond(self, request: Request) -> Response:
        self._loop = asyncio.get_running_loop()
        if request.method == "POST":
            self._free -= 1
            if self._free < 0:
                await self._opened.wait()
        return self._server.est(request)


def scraped(targets: Path) -> Samples:
    """The counts of one scrape, summed over the labels but `state`; nothing when there is none."""
    found: Samples = {}
    try:
        text = httpx.get(next(iter(read_urls(targets).values())), trust_env=False, timeout=10).text
    except (StopIteration, httpx.HTTPError):
        return found
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name + (f"/{sample.labels['state']}" if "state" in sample.labels else "")
            found[name] = found.get(name, 0.0) + sample.value
    return found


def every_scrape(process: "subprocess.Popen[str]", targets: Path) -> Iterator[Samples]:
    """One scrape after the other, until Locust has ended."""
    while process.poll() is None:
        if found := scraped(targets):
            yield found
        time.sleep(0.2)


def scrapes_to_the_end(process: "subprocess.Popen[str]", targets: Path, gate: Gate) -> list[Samples]:
    """Every scrape; the run's last phone goes through the gate once there is a habit of scraping."""
    found: list[Samples] = []
    for samples in every_scrape(process, targets):
        found.append(samples)
        if [succeeded(each) for each in found].count(PHONES - 1) == 2:
            gate.open()
    return found


def succeeded(samples: Samples) -> float:
    """Nothing counts before a worker has its phones."""
    return samples.get("estorm_enrollments_succeeded_total", 0.0)


def phones(samples: Samples) -> float:
    return sum(value for name, value in samples.items() if name.startswith("estorm_phones/"))


def test_one_process_shows_what_it_counts_until_the_last_phone(
    metered: Locust, targets: Path, est_server: EstServer
) -> None:
    gate = Gate(est_server, PHONES - 1)
    process = metered("--run-id", "tonight")
    all_of_them = scrapes_to_the_end(process, targets, gate)
    last = all_of_them[-1]
    assert process.returncode == 0
    assert last["estorm_enrollments_succeeded_total"] == PHONES
    assert last["estorm_enrollments_intended_total"] == PHONES
    assert last["estorm_phones/enrolled"] == PHONES
    assert {phones(each) for each in all_of_them} <= {0.0, PHONES}
    assert not targets.exists()


def test_two_workers_are_added_up_by_their_master(
    metered: Locust, targets: Path, est_server: EstServer
) -> None:
    gate = Gate(est_server, PHONES - 1)
    process = metered("--processes", "2", *on_free_port())
    *_, last = scrapes_to_the_end(process, targets, gate)
    assert process.returncode == 0
    assert last["estorm_enrollments_succeeded_total"] == PHONES
    assert last["estorm_enrollment_latency_seconds_count"] == PHONES
    assert last["estorm_generator_workers/ended"] == 2


def test_a_worker_that_is_killed_takes_its_phones_and_no_count_with_it(
    metered: Locust, targets: Path, journal: Path, est_server: EstServer
) -> None:
    gate = Gate(est_server, PHONES // 2)
    process = metered("--processes", "2", *on_free_port())
    killed, history = False, []
    for samples in every_scrape(process, targets):
        history.append(samples)
        if not killed and succeeded(samples) == PHONES // 2:
            psutil.Process(process.pid).children()[0].kill()
            killed = True
        if samples["estorm_generator_workers/lost"]:
            gate.open()
    assert killed
    for name in (
        name for name in history[-1] if name.endswith(("_total", "_count")) and "process" not in name
    ):
        values = [samples.get(name, 0.0) for samples in history]
        assert values == sorted(values), name
    last = history[-1]
    assert last["estorm_generator_workers/lost"] == 1
    assert last["estorm_phones/lost"] > 0
    assert last["estorm_phones/waiting"] == 0
    assert last["estorm_phones/lost"] + last["estorm_phones/enrolled"] == PHONES
    ended = len(attempts(journal))
    assert last["estorm_enrollments_succeeded_total"] == last["estorm_phones/enrolled"] == ended
    assert last["estorm_enrollment_latency_seconds_count"] == ended


def test_an_address_that_is_none_is_one_line_and_exit_2(metered: Locust) -> None:
    process = metered(listen="127.0.0.1:99999")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "estorm: --metrics-listen '127.0.0.1:99999' is not HOST:PORT or PORT" in output
    assert "Traceback" not in output


def test_a_port_that_is_taken_is_one_line_and_exit_2(metered: Locust) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = metered(listen=f"127.0.0.1:{taken.getsockname()[1]}")
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert re.search(
        r"^estorm: --metrics-listen 127.0.0.1:\d+: Address already in use$", output, re.MULTILINE
    )


def test_metrics_are_shown_on_loopback_alone(metered: Locust, targets: Path) -> None:
    process = metered()
    next(every_scrape(process, targets))
    listening = [
        each.laddr.ip
        for each in psutil.Process(process.pid).net_connections("inet")
        if each.status == "LISTEN"
    ]
    assert set(listening) == {"127.0.0.1"}
