"""What a watcher of a storm is told."""

import io

import msgspec
from rich.console import Console

from loadtests.results.journal import Attempt
from loadtests.storm.progress import PlainDisplay, Tally, TerminalDisplay, describe

GOOD = Attempt(
    phone="SEP000000000001", index=0, operation="install", attempt=1, worker=0, intended_start=100.0,
    started=100.0, sent=100.1, done=100.5, connect_seconds=0.01, tls_seconds=0.01, send_seconds=0.0,
    wait_seconds=0.4, read_seconds=0.0, check_seconds=0.0, est_error="EST_ERR_NONE", est_code=0,
    http_status=200, serial="1a", reason="",
)  # fmt: skip
TIMED_OUT = msgspec.structs.replace(GOOD, est_error="EST_ERR_SSL_READ", est_code=35, done=110.0, serial=None)


def tally_of(*attempts: Attempt) -> Tally:
    tally = Tally(intended=4, started_at=100.0)
    tally.add(attempts)
    return tally


def test_a_line_says_how_many_how_fast_how_late_and_what_failed() -> None:
    line = describe(tally_of(GOOD, TIMED_OUT), now=110.0)
    assert line == (
        "1/4 enrolled, 0.2/s, failed 1 (EST_ERR_SSL_READ 1), p50 500 ms p95 500 ms p99 500 ms, ETA 10 s"
    )


def test_before_anything_ended_nothing_is_claimed() -> None:
    assert describe(tally_of(), now=101.0) == "0/4 enrolled, 0.0/s, failed 0, p50 - p95 - p99 -, ETA -"


def test_latency_is_measured_from_the_intended_start() -> None:
    late = msgspec.structs.replace(GOOD, started=102.0, done=103.0)
    assert tally_of(late).latency_seconds(0.5) == 3.0


def test_plain_lines_come_seldom_but_the_last_one_always() -> None:
    now, lines = [0.0], list[str]()
    display = PlainDisplay(lines.append, lambda: now[0])
    tally = tally_of(GOOD)
    for now[0] in (0.0, 1.0, 2.0, 6.0):
        display.storming(tally, 101.0)
    assert len(lines) == 2
    tally.add([GOOD, GOOD, GOOD])
    display.storming(tally, 101.0)
    assert lines[-1].startswith("4/4 enrolled")


def test_a_terminal_shows_the_same_line_under_a_bar() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=140)
    with TerminalDisplay(console) as display:
        display.preparing("making keys", 1, 4)
        display.storming(tally_of(GOOD), 101.0)
        display.say("[not markup]")
    shown = screen.getvalue()
    assert "1/4 enrolled" in shown
    assert "[not markup]" in shown
