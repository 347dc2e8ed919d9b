import math
import statistics
from pathlib import Path

import pytest

from testbed.ca.capacity_settings import (
    ConstantTime,
    EmpiricalTime,
    ExponentialTime,
    LognormalTime,
    NormalTime,
    ParetoTime,
    SamplesTime,
    ServiceTime,
)
from testbed.ca.distributions import drawer, read_samples
from testbed.errors import SettingsError


def draws(time: ServiceTime | None, count: int = 20_000, seed: int = 1) -> list[float]:
    draw = drawer(time, seed, "submit")
    return [draw() for _ in range(count)]


@pytest.mark.parametrize(
    ("time", "median"),
    [
        (ConstantTime(0.2), 0.2),
        (ExponentialTime(0.2), 0.2 * math.log(2)),
        (NormalTime(0.2, 0.05), 0.2),
        (LognormalTime(0.2, 0.7), 0.2),
        (ParetoTime(0.2, 3.0), 0.2 * 2 ** (1 / 3)),
    ],
)
def test_the_median_is_the_one_of_the_distribution(time: ServiceTime, median: float) -> None:
    assert statistics.median(draws(time)) == pytest.approx(median, rel=0.03)


@pytest.mark.parametrize("time", [NormalTime(0.01, 1.0), LognormalTime(0.1, 3.0), ParetoTime(0.1, 0.5), None])
def test_no_time_is_negative(time: ServiceTime | None) -> None:
    assert min(draws(time)) >= 0


def test_measured_times_are_drawn_again_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "samples"
    file.write_text("# measured on a Monday\n0.016\n\n0.220 # cold\n")
    assert set(draws(EmpiricalTime(str(file)), 200)) == {0.016, 0.22}


def test_times_in_the_settings_themselves_are_drawn_again_as_often_as_they_stand_there() -> None:
    drawn = draws(SamplesTime((0.1, 0.1, 0.1, 4.0)))
    assert set(drawn) == {0.1, 4.0}
    assert drawn.count(4.0) / len(drawn) == pytest.approx(0.25, abs=0.02)


def test_stages_of_one_seed_draw_apart() -> None:
    login, form = (drawer(ExponentialTime(1.0), 1, stage) for stage in ("login", "form"))
    assert [login() for _ in range(5)] != [form() for _ in range(5)]


@pytest.mark.parametrize(
    ("content", "why"), [("", "holds no service times"), ("1\nfast\n", ":2: 'fast'"), ("-1\n", ":1: '-1'")]
)
def test_a_bad_file_of_samples_is_named(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "samples"
    file.write_text(content)
    with pytest.raises(SettingsError, match=why):
        read_samples(file)


def test_a_missing_file_of_samples_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read service times"):
        read_samples(tmp_path / "none")
