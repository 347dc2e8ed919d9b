"""Dice depend on seed and place alone; what is ended is gone."""

import asyncio
from collections.abc import Callable

import uvloop
from hypothesis import given
from hypothesis import strategies as st

from chaos.alarms import Alarms
from chaos.dns.board import FaultBoard
from chaos.dns.faults.delay import Delay
from chaos.dns.faults.drop import Drop
from chaos.dns.faults.flapping import Flapping
from chaos.dns.faults.nxdomain import Nxdomain
from chaos.dns.faults.servfail import Servfail
from chaos.dns.faults.truncate import Truncate
from chaos.dns.faults.wrong_address import WrongAddress
from chaos.dns.plan import AnyFault, FaultPlan
from chaos.dns.reply import Rcode, Record, RecordType, Reply, Transport
from testbed.ca.capacity_settings import ExponentialTime
from tests.chaos.dns.asking import question

GOOD = Reply(answers=(Record((b"ca", b"test"), RecordType.A, ("127.0.0.9",), 60),))
SOMETIMES: tuple[AnyFault, ...] = (
    Nxdomain(probability=0.4), Delay(probability=0.5, time=ExponentialTime(1.0)), Flapping(every=3),
)  # fmt: skip


def on_board(plan: FaultPlan, use: Callable[[FaultBoard], None], ended: list[int] | None = None) -> None:
    async def run() -> None:
        alarms = Alarms(asyncio.get_running_loop())
        try:
            use(FaultBoard(plan, alarms, (ended if ended is not None else []).append))
        finally:
            alarms.close()

    uvloop.run(run())


def spoilt(board: FaultBoard, transport: Transport = "udp", name: str = "ca.test", type_: str = "A") -> Reply:
    return board.spoil(GOOD, question(name, type_), transport).reply


def series(plan: FaultPlan, count: int = 50) -> list[Reply]:
    replies: list[Reply] = []
    on_board(plan, lambda board: replies.extend(spoilt(board) for _ in range(count)))
    return replies


@given(st.integers())
def test_the_same_plan_makes_the_same_replies(seed: int) -> None:
    assert series(FaultPlan(SOMETIMES, seed)) == series(FaultPlan(SOMETIMES, seed))


def test_another_seed_makes_others() -> None:
    assert series(FaultPlan(SOMETIMES, 1)) != series(FaultPlan(SOMETIMES, 2))


def test_replacing_a_plan_by_itself_starts_the_dice_anew() -> None:
    plan = FaultPlan(SOMETIMES, 5)

    def use(board: FaultBoard) -> None:
        first = [spoilt(board) for _ in range(20)]
        board.replace(plan)
        assert [spoilt(board) for _ in range(20)] == first

    on_board(plan, use)


def test_one_fault_more_does_not_shift_the_others() -> None:
    alone = series(FaultPlan((Nxdomain(probability=0.4),), 5))
    beside = series(FaultPlan((Nxdomain(probability=0.4), Delay(time=ExponentialTime(1.0))), 5))
    assert [reply.rcode for reply in alone] == [reply.rcode for reply in beside]


def test_queries_a_fault_is_not_for_do_not_move_its_dice() -> None:
    plan = FaultPlan((Nxdomain(host="ca.test", probability=0.4),), 5)
    replies: list[Reply] = []

    def use(board: FaultBoard) -> None:
        for _ in range(50):
            spoilt(board, name="other.test")
            replies.append(spoilt(board))

    on_board(plan, use)
    assert replies == series(plan)


def test_probability_is_the_share_that_is_struck() -> None:
    struck = sum(reply.dropped for reply in series(FaultPlan((Drop(probability=0.25),), 3), 4000))
    assert 900 <= struck <= 1100


def test_a_probability_of_zero_never_strikes() -> None:
    assert series(FaultPlan((Drop(probability=0),))) == [GOOD] * 50


def test_a_fault_ends_after_its_count_of_strikes() -> None:
    flapping = FaultPlan((Flapping(every=2, count=2),))
    assert [reply.rcode for reply in series(flapping, 6)] == [0, 2, 0, 2, 0, 0]


def test_faults_strike_in_order_and_are_counted() -> None:
    def use(board: FaultBoard) -> None:
        outcome = board.spoil(GOOD, question(), "udp")
        assert outcome.faults == ("wrong_address", "servfail")
        assert outcome.reply == Reply(Rcode.SERVFAIL)
        assert [active.strikes for active in board.active.faults] == [1, 1]

    on_board(FaultPlan((WrongAddress(), Servfail())), use)


def test_truncation_is_for_udp_alone() -> None:
    def use(board: FaultBoard) -> None:
        assert spoilt(board, "udp").truncated
        assert spoilt(board, "tcp") is GOOD

    on_board(FaultPlan((Truncate(),)), use)


def test_a_fault_reaches_the_names_types_and_transport_it_is_told() -> None:
    def use(board: FaultBoard) -> None:
        struck = [
            (name, type_, transport)
            for name in ("a.test", "A.TEST", "test", "b.other", "x.b.other")
            for type_ in ("A", "AAAA")
            for transport in ("udp", "tcp")
            if spoilt(board, transport, name, type_) is not GOOD
        ]
        assert struck == [
            ("a.test", "A", "udp"), ("a.test", "A", "tcp"),
            ("A.TEST", "A", "udp"), ("A.TEST", "A", "tcp"),
            ("b.other", "AAAA", "tcp"),
        ]  # fmt: skip

    below = Nxdomain(host="*.test", types=("A",))
    on_board(FaultPlan((below, Drop(host="b.other.", types=("AAAA",), transport="tcp"))), use)


def test_ending_tells_which_faults_and_leaves_the_others() -> None:
    ended: list[int] = []

    def use(board: FaultBoard) -> None:
        first, second = board.add((Nxdomain(), Servfail()))
        assert board.end(first.id)
        assert not board.end(first.id)
        assert ended == [first.id]
        assert [active.id for active in board.active.faults] == [second.id]
        assert board.end()
        assert spoilt(board) is GOOD

    on_board(FaultPlan(), use, ended)
