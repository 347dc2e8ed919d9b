"""Predicted beside measured, run after run, as long as there is time."""

from dataclasses import dataclass, field

import msgspec
import pytest

from loadtests.tuning.conditions import Condition
from loadtests.tuning.outcome import Outcome
from loadtests.tuning.proving import Proof, check, prove
from loadtests.tuning.tunables import Tunables
from testbed.errors import PartFailed
from tests.loadtests.tuning.chains import condition
from tests.loadtests.tuning.tunings import BAD, GOOD

SETTINGS = {"default": Tunables(), "recommended": msgspec.structs.replace(Tunables(), read=60.0)}


@dataclass
class Bench:
    """Measures at once what it is told to, one second a run."""

    time_left: float = 100.0
    interrupted_at: str = ""
    fails_at: str = ""
    ran: list[str] = field(default_factory=list)

    def run(self, name: str, tunables: Tunables, condition: Condition) -> tuple[Outcome, bool]:
        del condition
        self.ran.append(name)
        if name == self.fails_at:
            raise PartFailed("the ra did not start: curl 28")
        self.time_left -= 1
        return (BAD if tunables.read == 10 else GOOD), name == self.interrupted_at

    def predicted(self, tunables: Tunables, condition: Condition, draws: int) -> list[Outcome]:
        del condition, draws
        return [BAD if tunables.read == 10 else GOOD]


def proofs(bench: Bench, *names: str) -> tuple[list[Proof], list[str]]:
    told: list[str] = []
    found = tuple(condition(name) for name in names)
    steps = prove(bench, SETTINGS, found, lambda: bench.time_left, told.append)
    return list(steps), told


def test_each_condition_is_run_with_each_setting_side_by_side() -> None:
    bench = Bench()
    found, told = proofs(bench, "slow_submit", "healthy")
    assert bench.ran == [
        "slow_submit-default", "slow_submit-recommended", "healthy-default", "healthy-recommended",
    ]  # fmt: skip
    assert found[-1].measured["recommended"] == {"slow_submit": GOOD, "healthy": GOOD}
    assert "timeout rate 86.7% (predicted 86.7%)" in told[0]


def test_no_condition_is_begun_that_time_does_not_last_for() -> None:
    bench = Bench(time_left=3.5)
    found, told = proofs(bench, "slow_submit", "healthy")
    assert set(found[-1].measured["default"]) == {"slow_submit"}
    assert told[-1] == "no time is left to measure healthy"


def test_what_was_measured_before_an_interruption_is_kept() -> None:
    bench = Bench(interrupted_at="healthy-default")
    found, _ = proofs(bench, "slow_submit", "healthy", "outage")
    assert found[-1].interrupted
    assert found[-1].measured == {"default": {"slow_submit": BAD}, "recommended": {"slow_submit": GOOD}}


def test_a_lab_that_does_not_start_costs_one_condition_not_all() -> None:
    bench = Bench(fails_at="slow_login-default")
    found, told = proofs(bench, "slow_login", "healthy")
    assert bench.ran == ["slow_login-default", "healthy-default", "healthy-recommended"]
    assert set(found[-1].measured["recommended"]) == {"healthy"}
    assert found[-1].failures == [
        "slow_login was not measured with the default: the ra did not start: curl 28"
    ]
    assert told[0] == found[-1].failures[0]


@pytest.mark.parametrize(
    ("timeouts", "agrees"),
    [(100, True), (103, True), (97, True), (110, True), (111, False), (75, False)],
    ids=["same", "near", "near below", "in the range", "outside", "far"],
)
def test_a_prediction_is_right_within_two_points_or_the_range_of_its_runs(
    timeouts: int, agrees: bool
) -> None:
    def run(number: int) -> Outcome:
        return msgspec.structs.replace(BAD, tries=200, timeouts=number)

    predicted = [run(100), run(90), run(110)]
    assert check("x", "default", predicted, run(timeouts)).agrees is agrees
