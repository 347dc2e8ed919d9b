from pathlib import Path

import msgspec
import pytest

from loadtests.errors import ScenarioError
from loadtests.report.tuning import write_tuning_report
from loadtests.tuning import document
from tests.loadtests.report.test_page import Elements
from tests.loadtests.report.tuning_run import tuning, write_folder
from tests.loadtests.tuning.tunings import tuned


def page(folder: Path) -> Elements:
    return Elements(write_tuning_report(folder).read_text(encoding="utf-8"))


def test_the_advice_its_cost_and_its_limits_are_told(tmp_path: Path) -> None:
    text = page(write_folder(tmp_path)).text
    assert "ra.timers.submit_seconds 10 s 55 s 0.400 0.350 to 0.450 patience" in text
    assert "ra.retries.spacing_seconds 1 s 0.14 s 0.002 -0.004 to 0.008" in text
    assert "Costs: 16 worker processes." in text
    assert "Holds: better than the default." in text
    assert "read is at the top of its range" in text


def test_default_and_recommendation_stand_side_by_side(tmp_path: Path) -> None:
    text = page(write_folder(tmp_path)).text
    assert "slow_submit every submission takes about 7 s 20 → 60 9 → 0 9 → 0 never → 20 s" in text
    assert "outage the CA hangs for 60 s 20 → 60" in text


def test_predictions_are_judged(tmp_path: Path) -> None:
    text = page(write_folder(tmp_path)).text
    assert "slow_submit default 86.67 % 86.67 % to 86.67 % 86.67 % ✓ agrees" in text


def test_a_tuning_without_grid_and_lab_has_a_page_all_the_same(tmp_path: Path) -> None:
    found = tuned()
    bare = msgspec.structs.replace(
        found, checks=(), front=(), advice=(),
        default=msgspec.structs.replace(found.default, measured=None),
        recommended=msgspec.structs.replace(found.recommended, measured=None),
    )  # fmt: skip
    document.write(bare, tmp_path)
    elements = page(tmp_path)
    assert "Nothing was measured on the lab." in elements.text
    assert "The default is as good as anything that was found." in elements.text
    assert "script" not in {tag for tag, _ in elements.found}


def test_hostile_words_make_no_element(tmp_path: Path) -> None:
    hostile = msgspec.structs.replace(tuning(), scenario="<img src=x onerror=alert(1)>", notes=("<script>",))
    document.write(hostile, tmp_path)
    elements = page(tmp_path)
    assert "img" not in {tag for tag, _ in elements.found}
    assert "<img src=x onerror=alert(1)>" in elements.text


def test_a_folder_without_a_tuning_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"tune.json: not a tuning of version estorm.tune/1"):
        write_tuning_report(tmp_path)
