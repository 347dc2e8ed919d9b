"""How an experiment's journal is judged, and what its control leaves out."""

from pathlib import Path

import pytest

from loadtests.experiments.running import judge
from loadtests.storm.run_folder import RunFolder

STEADY = {"steady_state_met": True, "probes": [{"activity": {"name": "p"}, "status": "succeeded"}]}
UNSTEADY = {"steady_state_met": False, "probes": [{"activity": {"name": "p"}, "status": "succeeded"}]}
DONE = {"activity": {"name": "strike"}, "status": "succeeded", "output": None}
FAILED = {"activity": {"name": "strike"}, "status": "failed", "exception": ["Traceback\n", "no hold\n"]}
GOOD: dict[str, object] = {
    "chaoslib-version": "1.44.0", "status": "completed", "deviated": False, "rollbacks": [DONE],
    "run": [DONE],
    "steady_states": {"before": STEADY, "after": STEADY, "during": []},
}  # fmt: skip


def test_one_that_was_carried_through_is_good(tmp_path: Path) -> None:
    outcome = judge(GOOD, RunFolder(tmp_path))
    assert outcome.good
    assert not outcome.interrupted
    assert outcome.failures == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"},
        {"status": "aborted"},
        {"deviated": True, "steady_states": {"before": STEADY, "after": UNSTEADY}},
        {"steady_states": {"before": STEADY, "after": None}},
        {"steady_states": {"before": UNSTEADY, "after": STEADY}},
        {"run": [FAILED]},
        {"rollbacks": [FAILED]},
    ],
)
def test_one_that_was_not_or_deviated_or_failed_somewhere_is_not(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    assert not judge(GOOD | changes, RunFolder(tmp_path)).good


def test_what_failed_is_told_with_its_reason(tmp_path: Path) -> None:
    assert judge(GOOD | {"run": [DONE, FAILED]}, RunFolder(tmp_path)).failures == ("strike: no hold",)


def test_one_that_was_cut_short_says_so(tmp_path: Path) -> None:
    cut_short = {"status": "interrupted", "run": [], "steady_states": {"before": None, "after": None}}
    outcome = judge(GOOD | cut_short, RunFolder(tmp_path))
    assert outcome.interrupted
    assert not outcome.good
