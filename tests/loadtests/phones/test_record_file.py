import os

import pytest

from loadtests.phones.record_file import children_for, made_by_children

_TELL_ITS_SESSION = (
    "import os, sys\n"
    "from loadtests.phones.record_file import framed\n"
    "sys.stdout.buffer.write(framed(str(os.getsid(0)).encode()))\n"
)


@pytest.mark.parametrize(("count", "children"), [(1, 1), (299, 1), (599, 1)])
def test_a_child_is_started_only_where_there_is_work_for_it(count: int, children: int) -> None:
    assert children_for(count, None, worth=300) == children


def test_much_work_takes_every_processor() -> None:
    assert children_for(1_000_000, None, worth=300) == os.cpu_count()


def test_as_many_as_are_wanted_share_the_work() -> None:
    assert children_for(7, 2, worth=300) == 2


def test_nobody_has_nothing_to_do() -> None:
    assert children_for(3, 8) == 3


def test_ctrl_c_in_a_terminal_does_not_reach_the_children() -> None:
    (session,) = made_by_children([("-c", _TELL_ITS_SESSION)], 1)
    assert int(session) != os.getsid(0)
