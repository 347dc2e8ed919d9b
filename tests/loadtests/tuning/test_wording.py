"""The result as people read it."""

import msgspec
import pytest

from loadtests.tuning.document import Check
from loadtests.tuning.interval import Interval
from loadtests.tuning.tunables import Value
from loadtests.tuning.wording import describe, told
from tests.loadtests.tuning.tunings import tuned


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("ra.workers.processes", 0, "0 (5 RA workers in one process)"),
        ("ra.workers.processes", 16, "16 (16 RA workers)"),
        ("ra.timers.total_seconds", 0.0, "0 (no bound)"),
        ("ra.timers.total_seconds", 59.0, "59 s"),
        ("ra.resolver.seconds", 0.74, "0.74 s"),
        ("ra.retries.count", 0, "0"),
        ("ra.retries.stages", "repeatable", "all but the submission"),
        ("ra.connections.handles", "one", "one"),
        ("ra.connections.reuse_connections", True, "true"),
    ],
)
def test_a_value_that_says_nothing_by_itself_is_told_in_words(key: str, value: Value, words: str) -> None:
    assert told(key, value) == words


def test_both_tables_show_default_and_recommendation_side_by_side() -> None:
    text = "\n".join(describe(tuned()))
    assert "simulated at full scale: default -> recommended" in text
    assert "measured on the lab, times divided by 10: default -> recommended" in text
    (row, again) = (line.split() for line in text.splitlines() if line.startswith("  slow_submit"))
    assert (
        row
        == again
        == ["slow_submit", "20", "->", "60", "9", "->", "0", "9", "->", "0", "never", "->", "20.0", "s"]
    )


def test_the_gain_comes_with_its_interval() -> None:
    (line,) = (line for line in describe(tuned()) if line.startswith("gain under slow_submit"))
    assert "+66.7 [66.7, 66.7] points of the phones, 9.0 [9.0, 9.0] orphans" in line


def test_advice_names_the_key_both_values_what_it_contributes_and_the_reason() -> None:
    wanted = "  ra.timers.submit_seconds = 55 s instead of 10 s [+0.400, +0.350 to +0.450]: patience"
    assert wanted in list(describe(tuned()))


def test_contributions_are_told_beside_what_all_gain_together() -> None:
    found = tuned()
    assert found.default.loss is not None
    assert found.recommended.loss is not None
    gain = found.default.loss - found.recommended.loss
    assert any(f"of {gain:.3f} gained in all" in line for line in describe(found))


def test_values_that_make_no_difference_are_named_with_what_was_tried() -> None:
    lines = list(describe(tuned()))
    at = lines.index("left as they are, for what was tried is no better beyond chance:")
    assert lines[at + 1] == (
        "  ra.retries.spacing_seconds = 1 s, 0.14 s was tried [+0.002, -0.004 to +0.008]"
    )


def test_a_document_of_before_contributions_is_described_all_the_same() -> None:
    found = tuned()
    old = msgspec.structs.replace(
        found, unchanged=(), default=msgspec.structs.replace(found.default, loss=None),
        advice=(msgspec.structs.replace(found.advice[0], lost_without=None),),
    )  # fmt: skip
    lines = list(describe(old))
    assert "recommended:" in lines
    assert "  ra.timers.submit_seconds = 55 s instead of 10 s: patience" in lines
    assert not any(line.startswith("left as they are") for line in lines)


def test_where_nothing_is_better_than_the_default_it_is_said() -> None:
    found = msgspec.structs.replace(tuned(), advice=(), unchanged=())
    assert "the default is as good as anything that was found" in list(describe(found))


def test_it_is_said_first_that_the_search_was_interrupted() -> None:
    first, *_ = describe(msgspec.structs.replace(tuned(), interrupted=True))
    assert first == "interrupted: this is what was found until then"


def test_a_prediction_that_was_wrong_is_said_out_loud() -> None:
    wrong = Check("slow_submit", "default", Interval(0.5, 0.45, 0.55), 0.7, agrees=False)
    lines = list(describe(msgspec.structs.replace(tuned(), checks=(wrong,))))
    assert any(
        line.startswith("PREDICTION WRONG: slow_submit, default: timeout rate 70.0%") for line in lines
    )


def test_nothing_is_claimed_of_the_lab_where_nothing_was_measured() -> None:
    bare = tuned()
    bare = msgspec.structs.replace(
        bare,
        default=msgspec.structs.replace(bare.default, measured=None),
        recommended=msgspec.structs.replace(bare.recommended, measured=None),
        checks=(),
    )
    assert not any("measured on the lab" in line for line in describe(bare))
