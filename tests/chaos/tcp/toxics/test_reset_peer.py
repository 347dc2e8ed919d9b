"""reset_peer waits for the first data or the end, then its timeout, and resets."""

import pytest

from chaos.tcp.toxic import Reset, Steps, Wait
from chaos.tcp.toxics.reset_peer import ResetPeer
from tests.chaos.tcp.rig import a_visit, chunk

TOXIC = ResetPeer(timeout=250)


@pytest.mark.parametrize(
    "steps", [TOXIC.pass_on(chunk(), a_visit()), TOXIC.at_end(a_visit())], ids=["data", "end"]
)
def test_it_waits_and_resets(steps: Steps) -> None:
    assert list(steps) == [Wait(0.25), Reset()]
