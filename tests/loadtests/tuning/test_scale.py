"""A chain whose times are divided is the same chain, faster."""

from pathlib import Path

import pytest

from loadtests.errors import ScenarioError
from loadtests.simulation.forecast import simulate
from loadtests.simulation.settings import Overheads
from loadtests.tuning.bench import arrivals
from loadtests.tuning.laboratory import Laboratory
from loadtests.tuning.scale import divided, divided_capacity, times
from loadtests.tuning.tunables import Tunables
from testbed.ca.capacity_settings import (
    CapacitySettings,
    ConstantTime,
    EmpiricalTime,
    ExponentialTime,
    LognormalTime,
    NormalTime,
    ParetoTime,
    ServiceTime,
)
from testbed.ca.distributions import drawer
from testbed.settings import changed
from tests.loadtests.tuning.chains import condition, scenario


@pytest.mark.parametrize("name", ["slow_submit", "heavy_tailed", "overloaded", "outage"])
def test_simulated_it_has_the_same_outcome(name: str, tmp_path: Path) -> None:
    of, where = scenario(), condition(name)
    whole = where.model(of, Overheads(), of.seed or 0)
    laboratory = Laboratory(of, tmp_path, 10.0, 300.0, Overheads())
    (scaled,) = laboratory.predicted(Tunables.of(of), where, 1)
    forecast = simulate(whole, arrivals(of, of.seed or 0))
    assert scaled.enrolled == forecast.enrolled
    assert scaled.tries == forecast.tries.height


@pytest.mark.parametrize(
    "time",
    [ConstantTime(3), ExponentialTime(3), NormalTime(3, 1), LognormalTime(3, 0.5), ParetoTime(3, 1.5)],
)
def test_a_service_time_is_scaled_whatever_its_kind(time: ServiceTime) -> None:
    short, long = drawer(times(time, 0.25), 1, "x"), drawer(time, 1, "x")
    assert [short() * 4 for _ in range(20)] == pytest.approx([long() for _ in range(20)])


def test_measured_times_are_written_anew(tmp_path: Path) -> None:
    (tmp_path / "submit.txt").write_text("1\n2\n")
    capacity = CapacitySettings(submit=EmpiricalTime(str(tmp_path / "submit.txt")))
    scaled = divided_capacity(capacity, 10, tmp_path)
    assert isinstance(scaled.submit, EmpiricalTime)
    assert Path(scaled.submit.file).read_text().split() == ["0.100000", "0.200000"]


def test_faults_and_queue_limits_are_divided_too() -> None:
    of = condition("outage").scenario(scenario())
    scaled = divided(of, 10)
    assert scaled.chaos is not None
    assert (scaled.chaos.schedule[0].at, scaled.chaos.schedule[0].seconds) == (6, 6)
    assert scaled.ca.capacity.abandoned_after_seconds == pytest.approx(0.3)
    assert scaled.phones.handshake_timeout_seconds == 1


def test_a_scale_of_one_changes_nothing() -> None:
    of = scenario()
    assert divided(of, 1) is of


def test_arrivals_that_are_not_of_one_rate_cannot_be_scaled() -> None:
    with pytest.raises(ScenarioError, match="give --scale 1"):
        divided(changed(scenario(), {"arrivals.shape": "morning_reset"}), 10)
