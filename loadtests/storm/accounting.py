"""The account of a run's certificates, from what its folder holds."""

from collections.abc import Iterable

from loadtests.errors import AccountError
from loadtests.results.account import Account, Balance, account
from loadtests.results.journal import Attempt
from loadtests.results.orphans import read_mark
from loadtests.scenario import Scenario
from loadtests.storm.course import Course
from loadtests.storm.resumption import ca_records
from loadtests.storm.run_folder import RunFolder


def run_account(scenario: Scenario, folder: RunFolder, attempts: Iterable[Attempt]) -> Account | None:
    """What became of each certificate that the CA issued in a run; None: its database is not at hand.

    AccountError names a certificate that fits nowhere.
    """
    records = ca_records(scenario, folder)
    if records.database is None:
        return None
    ra_log = None if scenario.target.url else folder.nginx_log
    return account(records.database, attempts, read_mark(folder.ca_mark), ra_log)


def balance_or_incident(scenario: Scenario, folder: RunFolder, course: Course) -> Balance | None:
    """The balance of a run that has ended; one that does not come out is an incident of its course."""
    try:
        found = run_account(scenario, folder, course.attempts)
    except AccountError as error:
        course.incidents.append(f"the account of certificates does not balance: {error}")
        return None
    return found.balance if found else None
