"""The result as people read it."""

import msgspec

from loadtests.tuning.document import Check
from loadtests.tuning.interval import Interval
from loadtests.tuning.wording import describe
from tests.loadtests.tuning.tunings import tuned


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


def test_advice_names_the_key_both_values_and_the_reason() -> None:
    assert "  ra.timers.submit_seconds = 55.0 instead of 10.0: patience" in list(describe(tuned()))


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
