"""packet_loss drops the share it was asked for, in bursts when losses are correlated."""

from itertools import pairwise

import pytest

from chaos.tcp.toxics.packet_loss import PacketLoss
from tests.chaos.tcp.rig import a_visit, chunk

CHUNKS = 20_000


def losses(toxic: PacketLoss) -> list[bool]:
    visit = a_visit()
    return [not list(toxic.pass_on(chunk(), visit)) for _ in range(CHUNKS)]


def test_a_tenth_is_lost_by_default() -> None:
    assert sum(losses(PacketLoss())) / CHUNKS == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(("rate", "lost"), [(0.0, 0), (1.0, CHUNKS)])
def test_nothing_or_everything_is_lost_at_the_ends(rate: float, lost: int) -> None:
    assert sum(losses(PacketLoss(loss_rate=rate))) == lost


def test_after_a_loss_the_next_is_likelier_by_the_correlation() -> None:
    lost = losses(PacketLoss(loss_rate=0.1, correlation=0.5))
    after_loss = [second for first, second in pairwise(lost) if first]
    after_none = [second for first, second in pairwise(lost) if not first]
    assert sum(after_loss) / len(after_loss) == pytest.approx(0.6, abs=0.03)
    assert sum(after_none) / len(after_none) == pytest.approx(0.1, abs=0.02)
