"""Settings really run, on a small fleet and a fast scale."""

from pathlib import Path

import pytest

from loadtests.simulation.settings import Overheads
from loadtests.tuning.laboratory import Laboratory, full_scale, unheard_answers
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.proving import other_seeds
from loadtests.tuning.tunables import Tunables
from testbed.settings import changed
from tests.loadtests.tuning.chains import condition, scenario, with_seed

IIS = """#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2026-01-01 00:00:00 ::1 POST /certsrv/certfnsh.asp - 443 u ::1 CiscoRA+1.0 - 200 0 0 15
2026-01-01 00:00:00 ::1 POST /certsrv/certfnsh.asp - 443 u ::1 CiscoRA+1.0 - 200 0 64 12000
2026-01-01 00:00:00 ::1 GET /certsrv - 443 u ::1 CiscoRA+1.0 - 301 0 64 11000
2026-01-01 00:00:00 ::1 GET /certsrv - 443 u ::1 CiscoRA+1.0 - 500 0 64 64
"""


@pytest.fixture
def laboratory(tmp_path: Path) -> Laboratory:
    once = changed(scenario(20), {"phones.retry.attempts": 1})
    return Laboratory(once, tmp_path, 20.0, 300.0, Overheads())


def test_answers_are_counted_that_came_when_who_asked_had_gone(tmp_path: Path) -> None:
    (tmp_path / "u_ex260101.log").write_text(IIS)
    (tmp_path / "nginx_error.log").write_text(
        "***EST [ERROR][est_handle_simple_enroll:0]--> HTTP write error while propagating pkcs7\n"
        "2026/01/01 00:00:00 [warn] 1#0: *1 ra_enroll: certificate issued but not delivered\n"
    )
    assert unheard_answers(tmp_path) == 3


def test_times_are_told_in_full_scale() -> None:
    scaled = Outcome(
        phones=1, enrolled=1, p50_seconds=0.5, p99_seconds=None, tries=1, timeouts=0, false_timeouts=0,
        orphans=0, recovered=True, recovery_seconds=2.0,
    )  # fmt: skip
    found = full_scale(scaled, 10)
    assert (found.p50_seconds, found.p99_seconds, found.recovery_seconds) == (5, None, 20)


@pytest.mark.parametrize(("seed", "taken"), [(7, 8), (8, 8)], ids=["first login of 10 s", "a quick one"])
def test_the_ca_draws_by_a_seed_with_which_the_ra_starts(seed: int, taken: int, tmp_path: Path) -> None:
    held = Laboratory(with_seed(scenario(20), seed), tmp_path, 20.0, 300.0, Overheads())
    slow = condition("slow_login")
    assert held.ca_seed(slow) == seed
    able = held.able_to_start([Tunables(), Tunables(login=40.0)])
    assert able.ca_seed(slow) == taken
    assert able.storm(Tunables(), slow).ca.seed == taken
    assert able.storm(Tunables(), slow).seed == seed
    assert len(list(other_seeds(able, [slow, condition("healthy")]))) == taken - seed


def test_a_storm_on_the_lab_ends_as_the_simulator_says(laboratory: Laboratory) -> None:
    """A CA that is slower than both timers: every certificate it issues is an orphan."""
    default = Tunables.of(laboratory.scenario)
    slow = condition("slow_submit", laboratory.scenario).slower(4)
    found, interrupted = laboratory.run("slow", default, slow)
    (predicted,) = laboratory.predicted(default, slow, 1)
    assert not interrupted
    assert found.phones == predicted.phones == 20
    assert found.enrolled == predicted.enrolled == 0
    assert found.timeout_rate == predicted.timeout_rate == 1
    assert found.orphans > 0
    assert found.false_timeouts >= found.orphans
