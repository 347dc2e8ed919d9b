"""The account from records written by the mock CA's own code and by hand."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.errors import AccountError
from loadtests.results.account import Account, Balance, Fate, account
from loadtests.results.journal import Attempt
from loadtests.results.orphans import Mark, count_orphans
from testbed.ca import database, officer
from testbed.ra.certsrv.calls import Issued
from testbed.ra.logs.nginx_log import orphaned, served
from tests.loadtests.attempts import START, enrolled, failed
from tests.loadtests.results.test_orphans import issue


def holding(serial: str, index: int = 0, *, since: float = -1.0) -> Attempt:
    """An attempt that began `since` seconds from when the certificates are issued, and got one."""
    attempt = enrolled(index)
    return msgspec.structs.replace(attempt, serial=serial, started=START + since)


def revoke(path: Path, request_id: int) -> None:
    with database.open_existing(path, read_only=False) as connection:
        officer.revoke(connection, request_id, "superseded", START)


def undelivered(path: Path, request_id: int) -> Path:
    """A log in which the RA says that it could not deliver that one, in its own words."""
    log = path.parent / "nginx_error.log"
    entry = orphaned(Issued(request_id), START)
    log.write_text(f"2026/01/16 14:05:02 [info] 1#0: noise\n{served(entry, 1)}\n")
    return log


def test_each_certificate_is_in_one_class_and_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa", "bb", "cc", "dd")
    revoke(path, 4)
    held = [holding("aa"), holding("bb", 1, since=+2.0), failed(2)]
    found = account(path, held)
    assert [(each.request_id, each.serial, each.fate) for each in found.certificates] == [
        (1, "aa", Fate.DELIVERED),
        (2, "bb", Fate.HANDED_OUT_LATE),
        (3, "cc", Fate.ORPHANED),
        (4, "dd", Fate.REVOKED),
    ]
    assert found.balance == Balance(4, 1, 1, 1, 1)
    assert found.certificates[0].phone == held[0].phone
    assert found.of(Fate.ORPHANED)[0].subject == "CN=x"


def test_a_phone_that_asked_again_before_the_ca_had_issued_got_it_late_by_the_ras_log(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa", "bb")
    found = account(path, [holding("aa"), holding("bb", 1)], ra_log=undelivered(path, 2))
    assert [each.fate for each in found.certificates] == [Fate.DELIVERED, Fate.HANDED_OUT_LATE]


def test_what_is_revoked_is_so_whoever_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa")
    revoke(path, 1)
    held = holding("aa")
    found = account(path, [held])
    assert found.balance == Balance(1, 0, 0, 0, 1)
    assert found.certificates[0].phone == held.phone


def test_certificates_from_before_the_run_are_not_in_its_account(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa", "bb")
    assert account(path, [holding("aa"), holding("bb", 1)], Mark(request_id=1)).balance.issued == 1


def test_certificates_from_after_the_run_are_not_in_its_account(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa", "bb", "cc")
    found = account(path, [holding("aa")], Mark(until_request_id=2))
    assert [each.serial for each in found.certificates] == ["aa", "bb"]


def test_a_certificate_that_the_ca_never_issued_is_named_with_its_phone(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa")
    with pytest.raises(AccountError, match=r"phone SEP0+1 holds serial ee, which the CA's database"):
        account(path, [holding("aa"), holding("ee", 1)])


def test_a_certificate_that_two_phones_hold_is_named_with_both(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa", "bb")
    with pytest.raises(
        AccountError, match=r"request id 2, serial bb, CN=x, is held by two phones, SEP0+1 and SEP0+2"
    ):
        account(path, [holding("bb", 1), holding("bb", 2)])


def test_a_certificate_that_the_ra_had_and_the_ca_does_not_know_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa")
    with pytest.raises(AccountError, match=r"nginx_error.log has request id 7, serial -, as issued"):
        account(path, [holding("aa")], ra_log=undelivered(path, 7))


def test_a_run_without_a_log_of_the_ra_has_an_account_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ca.sqlite"
    issue(path, "aa")
    assert account(path, [], ra_log=tmp_path / "none.log").balance == Balance(1, 0, 0, 1)


@settings(max_examples=30)  # each commits to a disk up to 13 times
@given(st.lists(st.tuples(st.sampled_from(["held", "late", "lost"]), st.booleans()), max_size=12))
def test_the_account_always_balances(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, bool]]
) -> None:
    path = tmp_path_factory.mktemp("ca") / "ca.sqlite"
    issue(path, *(f"{number:x}" for number in range(1, len(made) + 1)))
    held = []
    for number, (kind, is_revoked) in enumerate(made, 1):
        if kind != "lost":
            held.append(holding(f"{number:x}", number, since=5.0 if kind == "late" else -5.0))
        if is_revoked:
            revoke(path, number)
    found: Account = account(path, held)
    sums = found.balance
    assert sums.issued == len(made)
    assert sums.issued == sums.delivered + sums.handed_out_late + sums.orphaned + sums.revoked
    assert count_orphans(path, held) == sum(kind == "lost" for kind, _ in made)
    assert sums.orphaned == made.count(("lost", False))
