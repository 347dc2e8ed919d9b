"""The account of storms on a lab in which certificates come too late for their phones."""

import re
from pathlib import Path

import pytest

from loadtests.results.account import Account, Fate
from loadtests.scenario import parse_scenario
from loadtests.storm.accounting import run_account
from loadtests.storm.measured import MeasuredStorm, Silent, storm_on_lab
from tests.processes import run_estorm

pytestmark = pytest.mark.long

# Submissions take about as long as phones wait: some get their certificate at once, some find that their
# phone has gone, and are kept for it; some take longer than the RA waits, which never learns of them.
SLOW = """
seed = 11
[phones]
key = "p-256"
count = 16
read_timeout_seconds = 1.5
retry = { attempts = 3, spacing_seconds = 1.5 }
[arrivals]
rate_per_second = 16
[ra]
hand_out_late_certificates = true
timers = { submit_seconds = 2.5 }
[ca.capacity]
submit = { kind = "lognormal", median_seconds = 1.4, sigma = 0.7 }
"""


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> MeasuredStorm:
    path = tmp_path_factory.mktemp("lossy")
    return storm_on_lab(parse_scenario(SLOW, "here"), path / "run", Silent(), keys=path / "keys")


def accounted(found: MeasuredStorm) -> Account:
    account = run_account(found.scenario, found.folder, found.course.attempts)
    assert account is not None
    sums = account.balance
    assert sums.issued == sums.delivered + sums.handed_out_late + sums.orphaned + sums.revoked
    return account


def test_orphans_are_those_that_no_phone_holds(lossy: MeasuredStorm) -> None:
    account = accounted(lossy)
    held = {each.serial for each in lossy.course.attempts if each.enrolled}
    assert account.balance.orphaned == lossy.summary.orphans
    assert account.balance.orphaned
    assert not held & {each.serial for each in account.of(Fate.ORPHANED)}
    received = account.of(Fate.DELIVERED) + account.of(Fate.HANDED_OUT_LATE)
    assert {each.serial for each in received} == held


def test_the_summary_has_the_balance(lossy: MeasuredStorm) -> None:
    assert lossy.summary.certificates == lossy.certificates == accounted(lossy).balance
    assert not lossy.course.incidents


def test_what_was_handed_out_late_the_ra_had_not_been_able_to_deliver(lossy: MeasuredStorm) -> None:
    late = accounted(lossy).of(Fate.HANDED_OUT_LATE)
    log = lossy.folder.nginx_log.read_text()
    undelivered = {int(number) for number in re.findall(r"not delivered, ReqID=(\d+)", log)}
    assert late
    assert {each.request_id for each in late} <= undelivered


def test_a_user_revokes_the_orphans_and_the_account_balances_after_it(lossy: MeasuredStorm) -> None:
    run = lossy.folder.path
    before = accounted(lossy)
    ids = run_estorm("account", str(run), "--fate", "orphaned", "--ids", cwd=run).stdout.split()
    assert ids == [str(each.request_id) for each in before.of(Fate.ORPHANED)]
    done = run_estorm("ca", "revoke", str(lossy.folder.database), *ids, "--reason", "superseded", cwd=run)
    assert done.returncode == 0, done.stderr
    after = accounted(lossy).balance
    assert (after.orphaned, after.revoked) == (0, len(ids))
    assert after.delivered == before.balance.delivered
    said = run_estorm("account", str(run), cwd=run).stdout
    assert said.startswith(f"issued {after.issued}, delivered {after.delivered}, handed out late ")
    assert said.count("  revoked ") == len(ids)


def test_a_folder_that_is_no_run_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run_estorm("account", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("estorm: ")
