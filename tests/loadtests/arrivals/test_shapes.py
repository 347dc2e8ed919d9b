"""What every shape keeps to, and what is each one's own."""

import itertools
import math
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals.choice import shape_of
from loadtests.arrivals.rates import Ramp, Step, Steps
from loadtests.arrivals.recorded import read_recorded
from loadtests.arrivals.settings import (
    ArrivalSettings,
    ExpiryTailSettings,
    MassRenewalSettings,
    MorningResetSettings,
    RampSettings,
    Shape,
    StepSettings,
)
from loadtests.arrivals.shape import Arrivals, intended_rate_per_second, last_offset_seconds
from loadtests.errors import ScenarioError
from loadtests.scenario import Load, parse_scenario

rates = st.floats(0.1, 1000)
spans = st.floats(0.1, 3600)
steps = st.lists(st.builds(StepSettings, st.one_of(st.just(0.0), rates), spans), max_size=4)
SETTINGS = st.builds(
    ArrivalSettings,
    shape=st.sampled_from([shape for shape in Shape if shape is not Shape.RECORDED]),
    rate_per_second=rates,
    ramp=st.builds(RampSettings, st.one_of(st.just(0.0), rates), rates, spans),
    steps=st.builds(lambda first, last: (*first, last), steps, st.builds(StepSettings, rates, spans)),
    mass_renewal=st.builds(MassRenewalSettings, st.integers(1, 50), spans, st.just(0.0)),
    morning_reset=st.builds(MorningResetSettings, spans),
    expiry_tail=st.builds(ExpiryTailSettings, spans, spans),
)


def offsets(settings: ArrivalSettings, phones: int, seed: int = 1) -> list[float]:
    shape = shape_of(settings, phones, seed)
    assert shape is not None
    return list(shape.offsets_seconds(phones))


@given(settings=SETTINGS, phones=st.integers(0, 300), seed=st.integers(0, 2**63))
def test_every_shape_starts_each_phone_once_in_order_and_none_before_the_run(
    settings: ArrivalSettings, phones: int, seed: int
) -> None:
    found = offsets(settings, phones, seed)
    assert len(found) == phones
    assert all(math.isfinite(offset) and offset >= 0 for offset in found)
    assert all(later >= earlier for earlier, later in itertools.pairwise(found))


@given(settings=SETTINGS, seed=st.integers(0, 2**63))
def test_the_same_seed_gives_the_same_times_as_often_as_it_is_asked(
    settings: ArrivalSettings, seed: int
) -> None:
    shape = shape_of(settings, 50, seed)
    assert shape is not None
    assert list(shape.offsets_seconds(50)) == list(shape.offsets_seconds(50)) == offsets(settings, 50, seed)


@pytest.mark.parametrize("shape", ["poisson", "mass_renewal", "morning_reset", "expiry_tail"])
def test_another_seed_gives_other_times(shape: str) -> None:
    settings = ArrivalSettings(shape=Shape(shape))
    assert offsets(settings, 20, 1) != offsets(settings, 20, 2)


def variance_over_mean(times: list[float], width_seconds: float) -> float:
    counts = Counter(int(time / width_seconds) for time in times)
    slots = [counts[slot] for slot in range(int(max(times) / width_seconds))]
    mean = sum(slots) / len(slots)
    return sum((count - mean) ** 2 for count in slots) / len(slots) / mean


def test_poisson_keeps_its_rate_and_varies_as_poisson_does() -> None:
    times = offsets(ArrivalSettings(shape=Shape.POISSON, rate_per_second=50), 50_000)
    assert 50_000 / times[-1] == pytest.approx(50, rel=0.02)
    assert variance_over_mean(times, 0.1) == pytest.approx(1, abs=0.05)


def test_constant_is_even() -> None:
    times = offsets(ArrivalSettings(rate_per_second=50), 5_000)
    assert variance_over_mean(times, 0.11) < 0.1


def test_a_ramp_has_started_as_many_phones_as_the_area_below_it() -> None:
    times = list(Ramp(0, 20, 10).offsets_seconds(301))
    assert sum(time < 5 for time in times) == 25
    assert times[100] == pytest.approx(10)
    assert times[300] == pytest.approx(20)


@given(rate=rates, seconds=spans)
def test_a_ramp_from_a_rate_to_itself_is_constant(rate: float, seconds: float) -> None:
    assert list(Ramp(rate, rate, seconds).offsets_seconds(50)) == pytest.approx([n / rate for n in range(50)])


def test_steps_follow_each_other_and_the_last_one_stays() -> None:
    shape = Steps((Step(10, 1), Step(0, 5), Step(2, 1)))
    assert list(shape.offsets_seconds(13))[9:] == pytest.approx([0.9, 6.0, 6.5, 7.0])


def test_a_mass_renewal_comes_in_batches() -> None:
    renewal = MassRenewalSettings(batch=10, every_seconds=60, within_seconds=2)
    times = offsets(ArrivalSettings(shape=Shape.MASS_RENEWAL, mass_renewal=renewal), 25)
    assert [sum(60 * n <= time <= 60 * n + 2 for time in times) for n in range(3)] == [10, 10, 5]


def test_a_morning_reset_is_over_in_its_time_and_busiest_in_the_middle() -> None:
    reset = MorningResetSettings(within_seconds=300)
    times = offsets(ArrivalSettings(shape=Shape.MORNING_RESET, morning_reset=reset), 10_000)
    assert 0 <= times[0] <= times[-1] <= 300
    assert sum(100 <= time < 200 for time in times) / 10_000 == pytest.approx(0.683, abs=0.02)


def test_half_of_an_expiry_tail_comes_in_each_half_life() -> None:
    tail = ExpiryTailSettings(half_life_seconds=60, within_seconds=600)
    times = offsets(ArrivalSettings(shape=Shape.EXPIRY_TAIL, expiry_tail=tail), 10_000)
    assert sum(time < 60 for time in times) / 10_000 == pytest.approx(0.5, abs=0.02)
    assert sum(time < 120 for time in times) / 10_000 == pytest.approx(0.75, abs=0.02)
    assert times[-1] <= 600


def test_recorded_times_are_read_with_comments_and_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "times.txt"
    path.write_text("# Monday\n0.5\n\n0.5 # two at once\n2\n")
    assert list(read_recorded(path, 3).offsets_seconds(2)) == [0.5, 0.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1\nx\n", "times.txt:2: 'x' is not a time in seconds"),
        ("2\n1\n", "times.txt:2: 1 must not be before 2"),
        ("-1\n", "times.txt:1: -1 must not be before 0"),
        ("nan\n", "times.txt:1: nan must not be"),
        ("1\n", "has 1 arrival times for 2 phones"),
    ],
)
def test_recorded_times_that_cannot_be_used_are_refused_by_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "times.txt"
    path.write_text(text)
    with pytest.raises(ScenarioError) as refused:
        read_recorded(path, 2)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ArrivalSettings(shape=Shape.STEPS), "the shape steps needs"),
        (ArrivalSettings(shape=Shape.STEPS, steps=(StepSettings(0, 1),)), "must not be a pause"),
        (ArrivalSettings(shape=Shape.RECORDED), "needs `arrivals.recorded.file`"),
    ],
)
def test_a_shape_that_lacks_something_says_what(settings: ArrivalSettings, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        shape_of(settings, 10, 1)


def test_a_closed_workload_has_no_shape() -> None:
    assert shape_of(ArrivalSettings(closed_phones=4), 10, 1) is None


def test_settings_survive_json_as_they_travel_to_locust() -> None:
    settings = ArrivalSettings(shape=Shape.STEPS, steps=(StepSettings(5, 2),))
    assert msgspec.json.decode(msgspec.json.encode(settings), type=ArrivalSettings) == settings


class AtOnce:
    def offsets_seconds(self, phones: int) -> "itertools.repeat[float]":
        return itertools.repeat(0.0, phones)


def test_the_intended_rate_counts_gaps_between_the_first_start_and_the_last() -> None:
    steady = shape_of(ArrivalSettings(rate_per_second=10), 11, 1)
    assert steady is not None
    assert last_offset_seconds(steady, 11) == pytest.approx(1.0)
    assert intended_rate_per_second(steady, 11) == pytest.approx(10)
    at_once: Arrivals = AtOnce()
    assert intended_rate_per_second(at_once, 11) is None


def test_a_scenario_explains_an_unknown_key_in_a_step() -> None:
    text = "[arrivals]\nsteps = [{ rate = 5 }]"
    with pytest.raises(ScenarioError, match=r"unknown key `rate` .* known are rate_per_second, seconds"):
        parse_scenario(text, "my.toml")


def test_a_rate_on_the_command_line_is_refused_for_a_shape_that_has_none() -> None:
    scenario = parse_scenario('[arrivals]\nshape = "ramp"', "my.toml")
    with pytest.raises(ScenarioError, match="shape ramp"):
        scenario.with_load(Load(rate_per_second=3))
    assert scenario.with_load(Load(phones=7)).phones.count == 7
