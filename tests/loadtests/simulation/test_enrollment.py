"""One enrollment through the simulated RA: late certificates, and connections that are kept."""

import pytest

from loadtests.phones.settings import RetrySettings
from loadtests.simulation.forecast import simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import ChainModel, Outage
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.certsrv.settings import RaConnections, RaTimers
from testbed.ra.settings import RaSettings
from tests.loadtests.simulation.chains import PATIENT, evenly, outcomes, seconds

TWICE = RetrySettings(attempts=2, spacing_seconds=5)


@pytest.mark.parametrize("handles", ["one", "two"])
def test_a_late_certificate_that_was_not_downloaded_is_downloaded_for_the_second_try(handles: str) -> None:
    connections = RaConnections(handles=handles)  # type: ignore[arg-type]
    timers = RaTimers(download_seconds=1)
    ra = RaSettings(hand_out_late_certificates=True, connections=connections, timers=timers)
    capacity = CapacitySettings(download=ConstantTime(0.5), submit=ConstantTime(1))
    model = ChainModel(capacity, ra, retry=TWICE, outages=(Outage(0.5, 3, "freeze"),))
    late = simulate(model, iter([0.0]))
    assert late.certificates.issued == 1
    slow = simulate(ChainModel(CapacitySettings(download=ConstantTime(1.5)), ra, retry=TWICE), iter([0.0]))
    assert outcomes(slow) == [Outcome.FAILED_DOWNLOAD] * 2
    assert slow.certificates.issued == slow.certificates.kept == 1


def test_a_late_certificate_is_worth_the_download_alone() -> None:
    timers = RaTimers(download_seconds=1)
    ra = RaSettings(hand_out_late_certificates=True, timers=timers)
    capacity = CapacitySettings(login=ConstantTime(0.25), submit=ConstantTime(2), download=ConstantTime(0.5))
    outage = Outage(2.55, 4.0, "hang")
    forecast = simulate(ChainModel(capacity, ra, retry=TWICE, outages=(outage,)), iter([0.0]))
    assert outcomes(forecast) == [Outcome.ENROLLED]
    outage = Outage(2.4, 4.0, "hang")
    forecast = simulate(ChainModel(capacity, ra, retry=TWICE, outages=(outage,)), iter([0.0]))
    assert outcomes(forecast) == [Outcome.FAILED_DOWNLOAD, Outcome.ENROLLED]
    assert seconds(forecast) == pytest.approx([3.5, 1.0])
    assert forecast.certificates.handed_out_late == 1


def test_more_late_certificates_than_are_kept_make_orphans_of_the_oldest() -> None:
    ra = RaSettings(hand_out_late_certificates=True, late_certificates_kept=2, timers=PATIENT)
    model = ChainModel(CapacitySettings(submit=ConstantTime(3)), ra, read_timeout_seconds=1)
    account = simulate(model, evenly(1, 5)).certificates
    assert (account.kept, account.orphaned) == (2, 3)


def test_who_finds_all_kept_connections_taken_waits_as_long_as_for_a_connection() -> None:
    connections = RaConnections(reuse_connections=True, pool_size=1, handles="one")
    ra = RaSettings(
        connections=connections, timers=RaTimers(connect_seconds=2), workers=RaWorkers("async")
    )  # fmt: skip
    forecast = simulate(ChainModel(CapacitySettings(submit=ConstantTime(1.5)), ra), iter([0.0, 0.0, 0.0]))
    assert outcomes(forecast) == [Outcome.ENROLLED, Outcome.ENROLLED, Outcome.FAILED_LOGIN]
    assert seconds(forecast) == [1.5, 3, 2]
    assert forecast.unconnected == 1
    assert forecast.ra_pool_busy_seconds == 3


def test_a_connection_unused_for_long_and_one_that_failed_must_log_in_again() -> None:
    connections = RaConnections(reuse_connections=True, idle_seconds=5, handles="one")
    capacity = CapacitySettings(login=ConstantTime(1))
    ra = RaSettings(connections=connections)
    forecast = simulate(ChainModel(capacity, ra), iter([0.0, 4.0, 10.0]))
    assert seconds(forecast) == [1, 0, 1]
    outage = Outage(4, 40, "hang")
    model = ChainModel(capacity, ra, outages=(outage,), read_timeout_seconds=30)
    forecast = simulate(model, iter([0.0, 4.0, 41.0]))
    assert outcomes(forecast) == [Outcome.ENROLLED, Outcome.FAILED_FORM, Outcome.ENROLLED]
    assert seconds(forecast) == [1, 10, 1]


def test_a_submission_without_a_database_session_is_denied_and_not_made_again() -> None:
    capacity = CapacitySettings(database_sessions=2, signing=ConstantTime(1))
    forecast = simulate(ChainModel(capacity), iter([0.0] * 4))
    assert sorted(outcomes(forecast)) == [Outcome.ENROLLED] * 2 + [Outcome.FAILED_SUBMIT] * 2
    assert forecast.certificates.issued == 2
