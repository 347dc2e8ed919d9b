import threading
import time
from pathlib import Path

import pytest

from chaos.clock.faketime import FakeClock, is_preloaded, library, sweep_up_abandoned
from chaos.errors import ClockUnavailable
from chaos.system import Reading
from tests.chaos.clock.clocked import clocked

NEAR = 0.05
YEAR_SECONDS = 365 * 86_400


@pytest.mark.parametrize("offset_seconds", [-3.25, 7200.5, -3 * YEAR_SECONDS, 20 * YEAR_SECONDS])
def test_a_process_that_runs_sees_the_change_and_the_way_back(tmp_path: Path, offset_seconds: float) -> None:
    with FakeClock(tmp_path / "clock") as clock, clocked(clock.environment) as process:
        assert process.look()[0] == pytest.approx(0, abs=NEAR)
        clock.show(Reading(offset_seconds))
        assert process.look()[0] == pytest.approx(offset_seconds, abs=NEAR)
        clock.show(Reading())
        assert process.look()[0] == pytest.approx(0, abs=NEAR)


def test_the_monotonic_clock_and_sleeps_are_left_alone(tmp_path: Path) -> None:
    with FakeClock(tmp_path / "clock") as clock, clocked(clock.environment) as process:
        clock.show(Reading(-YEAR_SECONDS, rate=0.5))
        _, monotonic, slept = process.look(0.2)
        assert monotonic == pytest.approx(0, abs=NEAR)
        assert slept == pytest.approx(0.2, abs=NEAR)


@pytest.mark.parametrize("rate", [1.5, 0.5])
def test_a_clock_drifts_at_its_rate_from_where_it_is_set(tmp_path: Path, rate: float) -> None:
    with FakeClock(tmp_path / "clock") as clock, clocked(clock.environment) as process:
        started = time.monotonic()
        clock.show(Reading(60.0, rate))
        ahead = process.look(1.6)[0]
        step = abs(rate - 1)  # in a second, as often as it is seen
        assert ahead == pytest.approx(60 + (rate - 1) * (time.monotonic() - started), abs=step + NEAR)
        assert ahead != pytest.approx(60, abs=step)


def test_a_clock_that_is_closed_is_right_and_drifts_no_more(tmp_path: Path) -> None:
    with FakeClock(tmp_path / "clock") as clock, clocked(clock.environment) as process:
        clock.show(Reading(60.0, 2.0))
        clock.close()
        assert process.look(1.1)[0] == pytest.approx(0, abs=NEAR)
    assert not [thread for thread in threading.enumerate() if thread.name == "clock-drift"]


def test_one_can_see_whether_a_process_has_such_a_clock(tmp_path: Path) -> None:
    with FakeClock(tmp_path / "clock") as clock, clocked(clock.environment) as process, clocked({}) as other:
        assert is_preloaded(process.pid)
        assert not is_preloaded(other.pid)
    assert not is_preloaded(process.pid)


def test_nothing_of_a_killed_process_stays_in_shared_memory(tmp_path: Path) -> None:
    with FakeClock(tmp_path / "clock") as clock, clocked(clock.environment) as process:
        pid = process.pid
        process.process.kill()
    assert left_by(pid)
    sweep_up_abandoned()
    assert not left_by(pid)


def left_by(pid: int) -> list[Path]:
    return list(Path("/dev/shm").glob(f"*faketime*_{pid}"))


def test_where_libfaketime_is_not_installed_one_line_says_how_to_get_it() -> None:
    with pytest.raises(ClockUnavailable, match=r"^the .* not installed; .*pip install 'estorm\[clock\]'"):
        library(lambda _: None)
