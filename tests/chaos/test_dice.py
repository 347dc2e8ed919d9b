"""Chance depends on the seed and on what it is for, and on nothing else."""

from chaos.dice import Dice


def test_a_stream_depends_on_the_seed_and_on_every_name() -> None:
    assert Dice(1).stream("hop", 1).random() == Dice(1).stream("hop", 1).random()
    others = [Dice(2).stream("hop", 1), Dice(1).stream("hop", 2), Dice(1).stream("hop", 1, "")]
    assert len({each.random() for each in [*others, Dice(1).stream("hop", 1)]}) == 4
