"""Schedules: what comes of their entries, and what is refused."""

import itertools
from collections.abc import Mapping
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.errors import PlanRefused
from chaos.fault import Fault
from chaos.schedule import Plan, Strike, read_schedule, timeline

SLOW = {"fault": "test.slow"}


class Slow(Fault, frozen=True):
    """A fault that does nothing, for its parameters."""

    name = "test.slow"
    summary = "Slow."

    seconds: float = 1.0
    count: int = 3
    hop: Literal["phone-ra", "ra-ca"] = "ra-ca"


def read(table: object, where: str) -> Fault:
    assert isinstance(table, Mapping)
    assert table["fault"] == "test.slow"
    assert where
    return msgspec.convert({key: table[key] for key in table if key != "fault"}, Slow)


def plans(*entries: dict[str, object]) -> tuple[Plan, ...]:
    return read_schedule([{"fault": SLOW, **entry} for entry in entries], read)


def moments(strikes: list[Strike]) -> list[tuple[float, float | None, float | None]]:
    return [(strike.start, strike.end, strike.seconds) for strike in strikes]


def test_a_fault_strikes_once_for_so_long() -> None:
    assert moments(timeline(plans({"at": 10, "seconds": 5}), 1, 100)) == [(10, None, 5)]


def test_a_fault_without_an_end_lasts_as_long_as_the_run() -> None:
    assert moments(timeline(plans({"at": 0}), 1, 100)) == [(0, None, None)]


def test_a_fault_lasts_from_one_moment_to_another() -> None:
    assert moments(timeline(plans({"during": {"from": 3, "to": 8}}), 1, 100)) == [(3, 8, None)]


def test_a_fault_comes_again_as_long_as_the_run_goes_on() -> None:
    found = timeline(plans({"at": 5, "seconds": 2, "every": 10}), 1, 40)
    assert [strike.start for strike in found] == [5, 15, 25, 35]


def test_a_fault_comes_again_so_often() -> None:
    found = timeline(plans({"at": 5, "seconds": 2, "every": 10, "times": 2}), 1, 1000)
    assert [strike.start for strike in found] == [5, 15]


def test_a_fault_comes_again_in_a_stretch_of_the_run() -> None:
    found = timeline(plans({"during": {"from": 10, "to": 31}, "seconds": 2, "every": 10}), 1, 1000)
    assert moments(found) == [(10, None, 2), (20, None, 2), (30, None, 2)]


def test_moments_may_count_the_phones_enrolled() -> None:
    found = timeline(plans({"by": "enrolled", "at": 100, "every": 50, "seconds": 3}), 1, 250)
    assert [(strike.by, strike.start, strike.seconds) for strike in found] == [
        ("enrolled", 100, 3), ("enrolled", 150, 3), ("enrolled", 200, 3),
    ]  # fmt: skip


def test_a_ramp_takes_its_parameter_from_one_value_to_the_other() -> None:
    ramp = {"parameter": "seconds", "from": 0, "to": 4, "steps": 5}
    found = timeline(plans({"at": 10, "seconds": 20, "ramp": ramp}), 1, 100)
    assert moments(found) == [(10, None, 4), (14, None, 4), (18, None, 4), (22, None, 4), (26, None, 4)]
    assert [strike.fault for strike in found] == [Slow(seconds=value) for value in (0, 1, 2, 3, 4)]


def test_a_ramp_of_a_whole_number_has_whole_numbers() -> None:
    ramp = {"parameter": "count", "from": 1, "to": 2, "steps": 3}
    found = timeline(plans({"during": {"from": 0, "to": 3}, "ramp": ramp}), 1, 100)
    assert [strike.fault for strike in found] == [Slow(count=1), Slow(count=2), Slow(count=2)]


def test_entries_are_told_apart_by_name() -> None:
    found = timeline(plans({"at": 2, "seconds": 1, "every": 5}, {"at": 1}), 1, 10)
    assert [strike.name for strike in found] == ["test.slow#1.0", "test.slow#0.0", "test.slow#0.1"]


JITTERED: dict[str, object] = {"at": 10, "seconds": 1, "every": 10, "jitter": 3}


@given(seed=st.integers(0, 2**63 - 1))
def test_jitter_stays_within_its_bounds_and_strikes_never_overlap(seed: int) -> None:
    found = list(itertools.islice(plans(JITTERED)[0].strikes(seed), 20))
    assert all(abs(strike.start - 10 * (number + 1)) <= 3 for number, strike in enumerate(found))
    assert all(before.start + 1 <= after.start for before, after in itertools.pairwise(found))


def test_the_same_seed_gives_the_same_strikes() -> None:
    first, again, other = (timeline(plans(JITTERED), seed, 100) for seed in (7, 7, 8))
    assert first == again != other


def test_one_entry_more_does_not_shift_the_others() -> None:
    alone = timeline(plans(JITTERED), 7, 100)
    assert [strike for strike in timeline(plans(JITTERED, JITTERED), 7, 100) if strike.entry == 0] == alone


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"at": 1, "during": {"from": 0, "to": 1}}, "give `at` or `during`, not both"),
        ({}, "one of `at` and `during` is missing"),
        ({"during": {"from": 5, "to": 5}}, "`to` of `during` must be after its `from`"),
        ({"at": 1, "every": 5}, "`every` needs `seconds`"),
        ({"at": 1, "times": 5}, "`times` needs `every`"),
        ({"at": 1, "seconds": 5, "every": 5}, "`seconds` must be less than `every`"),
        ({"at": 1, "seconds": 1, "every": 5, "jitter": 2}, "`jitter` must be less than half"),
        ({"at": 1, "ramp": {"parameter": "seconds", "from": 0, "to": 1, "steps": 2}}, "`ramp` needs"),
        (
            {"at": 1, "seconds": 1, "ramp": {"parameter": "x", "from": 0, "to": 1, "steps": 2}},
            "`ramp.parameter`",
        ),
        ({"at": -1}, "`at` is -1; it may be number from 0 to 10000000"),
        ({"at": 1, "secs": 1}, "unknown key `secs`; known are fault, by, at, during"),
        ({"during": {"from": 1}}, "the key `to` is missing in [during]"),
        ({"at": 1, "by": "hours"}, '`by` is \'hours\'; it may be "enrolled" or "seconds"'),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_by_name(entry: dict[str, object], said: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        plans({"at": 0}, entry)
    assert str(refused.value).startswith("chaos.schedule entry 2")
    assert said in str(refused.value)


def test_a_schedule_that_is_no_list_is_refused() -> None:
    with pytest.raises(PlanRefused, match="a schedule is a list of entries"):
        read_schedule({"at": 1})
