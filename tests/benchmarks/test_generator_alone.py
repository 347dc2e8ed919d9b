"""How much of wrk's rate the generator reaches on one core: fresh TLS each, every answer fully checked.

wrk neither signs nor checks anything, its host name included; the row `bare` is the like for like.
Interleaved in one run: this machine's speed drifts, and only ratios within one run mean anything.
"""

import re
import resource
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import click
import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from loadtests.est.client import USER_AGENT
from tests.benchmarks.fixed_answer import FixedAnswer, on_core, serving_fixed_answer, two_cores
from tests.benchmarks.job import AT_ONCE, Job, Outcome

ROUNDS = 5
SECONDS = 2.0
FLOORS = {"premade": 0.70, "inline": 0.50, "bare": 0.90}
_SCRIPT = """
wrk.method = "POST"
wrk.headers["Connection"] = "close"
wrk.headers["User-Agent"] = "{user_agent}"
wrk.headers["Authorization"] = "Basic Y2FwZjowMTIzNDU2Nzg5YWJjZGVm"
wrk.headers["Content-Type"] = "application/pkcs10"
wrk.body = string.rep("A", {body_bytes})
"""


def generator(mode: str, server: FixedAnswer, directory: Path, core: int) -> Outcome:
    job = msgspec.json.encode(Job(mode, SECONDS, str(directory), server)).decode()
    command = [*on_core(core), sys.executable, "-m", "tests.benchmarks.generator_alone", job]
    done = subprocess.run(command, capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=Outcome)


def wrk(server: FixedAnswer, script: Path, core: int) -> Outcome:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*on_core(core), "wrk", "--threads", "1", "--connections", str(AT_ONCE)]
    command += ["--duration", f"{SECONDS:.0f}s", "--script", str(script)]
    done = subprocess.run(
        [*command, f"{server.url}/.well-known/est/simpleenroll"], capture_output=True, check=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"(\d+) requests in ([\d.]+)s", done.stdout)
    assert found is not None, done.stdout
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Outcome(int(found[1]), "Non-2xx" in done.stdout, float(found[2]), spent)


@pytest.mark.benchmark(group="generator")
@pytest.mark.timeout(600)
def test_the_generator_reaches_its_share_of_wrks_rate(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    if not shutil.which("wrk"):
        pytest.skip("wrk is not installed (Debian: apt-get install wrk)")
    cores, script = two_cores(), tmp_path / "post.lua"
    with serving_fixed_answer(tmp_path, cores.server) as server:
        body_bytes = len(server.csr) * 4 // 3 + 14
        script.write_text(_SCRIPT.format(user_agent=USER_AGENT, body_bytes=body_bytes))

        def interleave() -> dict[str, list[Outcome]]:
            rows: dict[str, list[Outcome]] = {"wrk": [], **{mode: [] for mode in FLOORS}}
            for _ in range(ROUNDS):
                rows["wrk"].append(wrk(server, script, cores.client))
                for mode in FLOORS:
                    rows[mode].append(generator(mode, server, tmp_path, cores.client))
            return rows

        rows = benchmark.pedantic(interleave, rounds=1)  # type: ignore[no-untyped-call]
    assert [outcome for row in rows.values() for outcome in row if outcome.failures] == []
    shares = compare(rows)
    benchmark.extra_info.update(shares)
    assert {mode: share for mode, share in shares.items() if share < FLOORS[mode]} == {}


def compare(rows: dict[str, list[Outcome]]) -> dict[str, float]:
    """Print rates and CPU, and return each mode's share of wrk's rate: the median over the rounds."""
    shares = {}
    click.echo(f"\n{'':<9} {'rate/s':>8} {'CPU-ms':>7} {'of wrk':>7} {'floor':>6}")
    for name, outcomes in rows.items():
        rate = statistics.median(outcome.rate for outcome in outcomes)
        cpu_ms = statistics.median(o.cpu_seconds / o.enrollments * 1000 for o in outcomes)
        pairs = zip(outcomes, rows["wrk"], strict=True)
        share = statistics.median(outcome.rate / yardstick.rate for outcome, yardstick in pairs)
        click.echo(f"{name:<9} {rate:8.0f} {cpu_ms:7.3f} {share:7.2f} {FLOORS.get(name, 1):6.2f}")
        if name in FLOORS:
            shares[name] = round(share, 3)
    return shares
