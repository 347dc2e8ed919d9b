"""A storm whose phones' clock is set back for a while, and what is measured meanwhile."""

import time
from pathlib import Path

from loadtests.results.journal import JournalReader
from tests.processes import run_estorm

SET_BACK = """
name = "clock"
seed = 1
[phones]
key = "p-256"
count = 50
[arrivals]
rate_per_second = 10.0
[slo]
rules = []
[chaos]
clock = true
tcp = false
dns = false
[[chaos.schedule]]
fault = { fault = "clock.skew", part = "generator", offset_seconds = -7200 }
at = 1
seconds = 2
"""
REFUSED = "certificate is not yet valid"
PATIENCE_SECONDS = 30.0


def test_phones_whose_clock_is_set_back_refuse_the_ra_and_their_latencies_are_right(tmp_path: Path) -> None:
    (tmp_path / "clock.toml").write_text(SET_BACK)
    began = time.time()
    done = run_estorm("storm", "clock.toml", "--out", "run", cwd=tmp_path)
    ended_at = time.time()
    assert done.returncode == 0, done.stdout + done.stderr
    attempts = sorted(JournalReader(tmp_path / "run").new(), key=lambda each: each.intended_start)
    refused = [each for each in attempts if not each.enrolled]
    assert {each.est_error for each in refused} == {"EST_ERR_SSL_CONNECT"}
    assert all(REFUSED in each.reason for each in refused)
    assert attempts[0].enrolled
    assert attempts[-1].enrolled
    assert len(attempts) == 50
    for attempt in attempts:
        assert began < attempt.intended_start <= attempt.started <= attempt.done < ended_at
        assert attempt.done - attempt.intended_start < PATIENCE_SECONDS
