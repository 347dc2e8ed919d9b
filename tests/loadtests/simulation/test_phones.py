"""What a simulated phone waits for, and how long."""

from typing import get_args

import msgspec
import pytest

from loadtests.phones.settings import RetrySettings
from loadtests.simulation.forecast import simulate
from loadtests.simulation.ledger import Outcome
from loadtests.simulation.settings import Balancing, ChainModel, Outage, Overheads, Slowness
from testbed.ca.capacity_settings import CapacitySettings, ConstantTime
from testbed.ra.capacity_settings import RaWorkers
from testbed.ra.settings import RaSettings
from tests.loadtests.simulation.chains import PATIENT, POOLED, blocking_ra, evenly, outcomes, seconds

SLOW = CapacitySettings(submit=ConstantTime(6))


def test_the_handshake_has_a_timer_of_its_own_where_a_worker_is_waited_for() -> None:
    model = ChainModel(SLOW, blocking_ra(1), read_timeout_seconds=30, handshake_timeout_seconds=10)
    forecast = simulate(model, iter([0.0, 0.0, 0.0]))
    assert outcomes(forecast) == [Outcome.ENROLLED, Outcome.ENROLLED, Outcome.TIMED_OUT]
    assert seconds(forecast) == [6, 12, 10]


def test_beyond_the_accept_queue_connecting_is_tried_again_after_1_3_and_7_seconds() -> None:
    workers = RaWorkers("blocking", processes=1, accept_queue=1)
    ra = RaSettings(connections=POOLED, timers=PATIENT, workers=workers)
    capacity = CapacitySettings(submit=ConstantTime(0.9))
    forecast = simulate(ChainModel(capacity, ra, read_timeout_seconds=60), iter([0.0] * 6))
    # One is served and two wait; of the three others one gets in after 1 s and the others after 3.
    assert sorted(seconds(forecast)) == pytest.approx([0.9, 1.8, 2.7, 3.6, 4.5, 5.4])
    assert forecast.connections_refused == 3 + 2
    assert outcomes(forecast) == [Outcome.ENROLLED] * 6


def test_a_phone_that_cannot_connect_at_all_gives_up() -> None:
    workers = RaWorkers("blocking", processes=1, accept_queue=1)
    ra = RaSettings(connections=POOLED, timers=PATIENT, workers=workers)
    capacity = CapacitySettings(submit=ConstantTime(100), script_timeout_seconds=3600)
    model = ChainModel(capacity, ra, read_timeout_seconds=200, handshake_timeout_seconds=10)
    forecast = simulate(model, iter([0.0] * 4))
    assert outcomes(forecast) == [Outcome.ENROLLED, *[Outcome.TIMED_OUT] * 3]
    assert forecast.certificates.issued == 1


def test_behind_nginx_the_answer_is_waited_for_from_the_start_and_who_has_gone_is_served() -> None:
    workers = RaWorkers("blocking", processes=1)
    ra = RaSettings(connections=POOLED, timers=PATIENT, workers=workers, front="nginx")
    forecast = simulate(ChainModel(SLOW, ra, read_timeout_seconds=7), iter([0.0, 0.0]))
    assert seconds(forecast) == [6, 7]
    assert forecast.certificates.orphaned == 1
    embedded = simulate(ChainModel(SLOW, blocking_ra(1), read_timeout_seconds=7), iter([0.0, 0.0]))
    assert seconds(embedded) == [6, 12]


def test_nginx_computes_before_a_worker_is_held_and_only_for_phones_that_are_there() -> None:
    workers, overheads = RaWorkers("blocking", processes=1), Overheads(ra_front_cpu_seconds=1.0)
    ra = RaSettings(connections=POOLED, timers=PATIENT, workers=workers, front="nginx")
    quick = CapacitySettings(submit=ConstantTime(2))
    model = ChainModel(quick, ra, overheads=overheads, read_timeout_seconds=60)
    forecast = simulate(model, iter([0.0, 0.0]))
    assert seconds(forecast) == [3, 5]
    assert forecast.ra_front_busy_seconds == 2
    assert forecast.ra_busy_seconds == 4
    impatient = msgspec.structs.replace(model, handshake_timeout_seconds=1.5)
    forecast = simulate(impatient, iter([0.0] * 3))
    assert outcomes(forecast) == [Outcome.ENROLLED, Outcome.TIMED_OUT, Outcome.TIMED_OUT]
    assert forecast.certificates.issued == 1
    assert forecast.ra_front_busy_seconds == 2


def test_a_worker_that_does_not_block_is_free_once_the_phone_has_gone() -> None:
    workers = RaWorkers("async", connections=1)
    ra = RaSettings(timers=PATIENT, workers=workers)
    model = ChainModel(SLOW, ra, read_timeout_seconds=2, outages=(Outage(0, 100, "hang"),))
    forecast = simulate(model, iter([0.0, 0.0]))
    assert seconds(forecast) == [2, 4]
    held = simulate(ChainModel(SLOW, blocking_ra(1), read_timeout_seconds=2), iter([0.0, 1.0]))
    assert seconds(held) == pytest.approx([2, 2])
    assert outcomes(held) == [Outcome.TIMED_OUT] * 2


def balanced(balancing: Balancing, starts: list[float]) -> list[float]:
    """Two nodes of one worker; who begins in the first second takes 20 s, the others 2 s."""
    model = ChainModel(
        CapacitySettings(submit=ConstantTime(2)), blocking_ra(1), ra_nodes=2, read_timeout_seconds=60,
        slowness=(Slowness(0, 1, 10),), balancing=balancing,
    )  # fmt: skip
    return seconds(simulate(model, iter(starts)))


@pytest.mark.parametrize("balancing", get_args(Balancing))
def test_phones_are_spread_over_the_nodes(balancing: Balancing) -> None:
    assert balanced(balancing, [2.0, 2.0, 2.0, 2.0]) == [2, 2, 4, 4]


@pytest.mark.parametrize(("balancing", "third"), [("round_robin", 19), ("sticky", 19), ("one_queue", 3)])
def test_a_phone_waits_for_its_own_node_unless_all_have_one_queue(balancing: Balancing, third: int) -> None:
    assert balanced(balancing, [0.0, 2.0, 3.0]) == [20, 2, third]


def test_a_sticky_phone_comes_back_to_its_node() -> None:
    model = ChainModel(
        SLOW, RaSettings(hand_out_late_certificates=True, timers=PATIENT), ra_nodes=3, balancing="sticky",
        read_timeout_seconds=4, retry=RetrySettings(attempts=2, spacing_seconds=5),
    )  # fmt: skip
    assert simulate(model, evenly(1, 7)).certificates.handed_out_late == 7
