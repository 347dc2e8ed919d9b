import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import msgspec
import pytest

from loadtests.capacity import result
from loadtests.capacity.bottleneck import Machine
from loadtests.capacity.result import Capacity, Searched, capacity_of
from loadtests.capacity.search import Found, SearchSettings
from loadtests.capacity.trial import Margin, Step, Trial
from loadtests.capacity.wording import describe
from loadtests.errors import JournalError
from loadtests.results.slo import parse_all
from loadtests.results.usage import Usage
from tests.loadtests.capacity.trials import ALLOWED, RULE, changed, trial

DOCS = Path(__file__).parents[3] / "docs"
IDLE = Usage(ra_workers=0.5, ca_threads=0.1, stage_shares={"login": 0.8, "submit": 0.2})
BUSY = Usage(ra_workers=1.0, ca_threads=0.2)
SEARCHED = Searched(
    scenario="x", target="", rules=[RULE], seed=1, started=datetime(2026, 1, 1, tzinfo=UTC),
    settings=SearchSettings(), machine=Machine(2),
)  # fmt: skip
ENDED = Found("the limit was bracketed", 80.0, 120.0)


def trials(rounds: int = 2) -> list[Trial]:
    shares = [(100.0, 0.01), (90.0, 0.0035), (110.0, 0.027)]
    made = [trial(1, "baseline", 55, 0, IDLE), trial(2, "rise", 80, 0.001), trial(3, "bisect", 120, 0.07)]
    return made + [trial(4 + n, "hold", rate, share, BUSY) for n, (rate, share) in enumerate(shares * rounds)]


def answer(made: list[Trial], found: Found = ENDED, rules: tuple[str, ...] = (RULE,)) -> Capacity:
    return capacity_of(made, found, parse_all(rules), SEARCHED)


def test_the_answer_has_a_rate_its_interval_and_the_rule_that_breaks_first() -> None:
    found = answer(trials())
    assert found.interval_95 is not None
    assert found.sustainable_rate_per_second == pytest.approx(100, rel=0.03)
    assert found.interval_95[0] < 100 < found.interval_95[1]
    assert (found.rule, found.method, found.unstable) == (RULE, "fit", False)
    assert found.good


def test_what_gives_first_is_what_could_do_the_least_unloaded_and_not_what_is_busy() -> None:
    found = answer(trials())
    assert found.bottleneck == "ra_workers"
    assert found.evidence[0].ceiling_per_second == pytest.approx(100)
    assert found.evidence[0].busy_share == 1
    assert found.bottleneck_stage == "login"


def test_what_the_calls_fail_by_is_said_beside_what_gives_first() -> None:
    refused = Usage(failed_calls={"submit denied": 30.0})
    broken = [changed(each, usage=refused) if not each.met else each for each in trials()]
    said = "where a rule broke, 100% of the RA's failed calls to the CA were in the stage submit: denied"
    assert f"  {said}" in list(describe(answer(broken)))
    assert not any("failed calls" in line for line in describe(answer(trials())))


def test_a_rule_that_broke_where_the_generator_was_late_is_not_said_to_break_first() -> None:
    late = [changed(trial(n, "baseline", 55, 0.5), generator_bound=True) for n in (1, 2)]
    found = answer(late, Found("the generator was the limit", None, None, generator_bound=True))
    assert (found.rule, found.bottleneck) == ("", "generator")


def test_of_a_users_server_no_part_is_said_to_give_first() -> None:
    seen = [msgspec.structs.replace(each, usage=Usage(generator_cpu=0.02)) for each in trials()]
    elsewhere = msgspec.structs.replace(SEARCHED, target="https://est.example:8084")
    found = capacity_of(seen, ENDED, parse_all((RULE,)), elsewhere)
    assert found.sustainable_rate_per_second is not None
    assert found.bottleneck is None
    assert "what gives first: unknown, a server elsewhere shows its answers only" in list(describe(found))


def test_rounds_of_holds_that_agree_confirm_the_answer_and_one_alone_does_not() -> None:
    assert answer(trials()).confirmed
    assert not answer(trials(rounds=1)).confirmed


def of_many(number: int, step: Step, rate: float, share: float, phones: int) -> Trial:
    """A trial of so many phones, of which the rule allows one in twenty to be late."""
    margin = Margin(RULE, share, 0.05, phones)
    return changed(trial(number, step, rate, share * ALLOWED / 0.05), margins=[margin])


def test_an_answer_that_was_weighed_is_confirmed_when_it_is_as_sure() -> None:
    rises = [(37.78, 0.0176), (75.56, 0.0442), (82.40, 1.0), (78.91, 0.2735)]
    holds = [
        (74.15, 0.0403), (66.98, 0.0224), (82.23, 0.9776), (74.63, 0.0564), (66.70, 0.0222), (81.76, 1.0),
        (74.16, 0.0447), (66.71, 0.0220), (81.71, 1.0), (74.24, 0.0285), (66.97, 0.0217), (81.93, 0.9867),
    ]  # fmt: skip
    made = [trial(1, "baseline", 5, 0)]
    made += [of_many(2 + n, "rise", rate, share, 5000) for n, (rate, share) in enumerate(rises)]
    made += [of_many(6 + n, "hold", rate, share, 50_000) for n, (rate, share) in enumerate(holds)]
    found = answer(made)
    assert found.interval_95 is not None
    low, high = found.interval_95
    assert (found.method, high / low < 1.1, found.confirmed) == ("weighing", True, True)


def test_a_round_that_says_otherwise_does_not_confirm_it() -> None:
    made = trials()
    odd = [(100.0, 0.1), (90.0, 0.05), (110.0, 0.2)]
    made += [trial(20 + n, "hold", rate, share) for n, (rate, share) in enumerate(odd)]
    assert not answer(made).confirmed


def test_the_limit_of_the_generator_is_not_called_a_capacity() -> None:
    found = answer(trials(), Found("the generator was the limit", 80.0, None, generator_bound=True))
    assert found.sustainable_rate_per_second is None
    assert found.bottleneck == "generator"
    assert not found.good
    assert any("NOT A CAPACITY" in line for line in describe(found))


def test_without_a_limit_what_held_is_told_and_there_is_no_answer() -> None:
    found = answer(trials()[:2], Found("the highest rate that was to be tried held", 80.0, None))
    assert (found.sustainable_rate_per_second, found.held_at_per_second) == (None, 80)
    assert not found.good
    assert found.bottleneck is None


def test_one_trial_is_not_called_trials() -> None:
    found = answer(trials()[:1], Found("it was interrupted", None, None))
    assert "no limit of the chain was found (1 trial, it was interrupted)" in list(describe(found))


@pytest.mark.parametrize(("asked", "met"), [("90/s", True), ("105/s", False)])
def test_a_throughput_that_is_asked_for_is_held_against_the_answer(asked: str, met: bool) -> None:
    found = answer(trials(), rules=(RULE, f"throughput_per_second >= {asked}"))
    assert found.demand_met is met
    assert found.good is met


def test_trials_that_disagree_are_told_and_widen_the_interval_instead_of_being_averaged() -> None:
    made = trials()
    made.append(changed(trial(30, "hold", 160, 0.0), half_p50_seconds=(0.1, 0.1)))
    found, calm = answer(made), answer(trials())
    assert found.unstable
    assert found.interval_95 is not None
    assert calm.interval_95 is not None
    assert found.interval_95[1] >= 160 > calm.interval_95[1]
    assert any("UNSTABLE" in line for line in describe(found))


def test_the_answer_is_as_its_schema_says_and_can_be_read_again(tmp_path: Path) -> None:
    found = answer(trials())
    result.write(found, tmp_path / "capacity.json")
    schema = json.loads((DOCS / "capacity.schema.json").read_text())
    jsonschema.validate(json.loads((tmp_path / "capacity.json").read_text()), schema)
    assert result.read(tmp_path / "capacity.json") == found


def test_the_documented_schema_is_that_of_the_code() -> None:
    assert (DOCS / "capacity.schema.json").read_bytes() == result.schema()


def test_a_file_that_is_no_answer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(msgspec.json.encode({"schema": "estorm.capacity/9"}))
    with pytest.raises(JournalError, match="capacity/1"):
        result.read(tmp_path / "x.json")
