"""Files of records that children make."""

import os

from loadtests.phones.record_file import made_by_children

_TELL_ITS_SESSION = (
    "import os, sys\n"
    "from loadtests.phones.record_file import framed\n"
    "sys.stdout.buffer.write(framed(str(os.getsid(0)).encode()))\n"
)


def test_ctrl_c_in_a_terminal_does_not_reach_the_children() -> None:
    (session,) = made_by_children([("-c", _TELL_ITS_SESSION)], 1)
    assert int(session) != os.getsid(0)
