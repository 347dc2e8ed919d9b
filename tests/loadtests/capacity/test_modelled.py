from pathlib import Path

import msgspec
import pytest

from loadtests.capacity import result
from loadtests.capacity.modelled import modelled, with_time_for_models, write_page
from loadtests.capacity.progress import SearchDisplay
from loadtests.capacity.result import Capacity, Searched
from loadtests.capacity.search import SearchSettings
from loadtests.capacity.search_folder import SearchFolder
from loadtests.scenario import Scenario
from tests.loadtests.report.capacity_run import capacity, models

DISPLAY = SearchDisplay(lambda _: None, lambda _: None)


def searched(budget_seconds: float | None, models_seconds: float | None = None) -> Searched:
    return msgspec.structs.replace(
        capacity().searched,
        settings=SearchSettings(time_budget_seconds=budget_seconds),
        models_seconds=models_seconds,
    )


@pytest.fixture
def folder(tmp_path: Path) -> SearchFolder:
    made = SearchFolder(tmp_path)
    made.begin(Scenario(seed=1), searched(10.0))
    return made


@pytest.mark.parametrize(
    ("budget", "for_search", "for_models"), [(600, 420, 180), (3600, 3300, 300), (60, 60, 0), (None, None, 0)]
)
def test_a_part_of_the_time_budget_is_kept_for_the_models(
    budget: float | None, for_search: float | None, for_models: float
) -> None:
    found = with_time_for_models(searched(budget), wanted=True)
    assert found.settings.time_budget_seconds == for_search
    assert found.models_seconds == for_models


def test_without_models_the_search_has_all_of_the_time() -> None:
    found = with_time_for_models(searched(600, 180), wanted=False)
    assert found.settings.time_budget_seconds == 600
    assert found.models_seconds is None


@pytest.mark.parametrize("known", [{"interrupted": True}, {"searched": searched(600)}])
def test_an_answer_stays_as_it_is_where_no_models_are_to_be_made(
    folder: SearchFolder, known: dict[str, object]
) -> None:
    found = capacity(**known)
    assert modelled(found, Scenario(seed=1), folder, DISPLAY) is found


def test_a_budget_that_is_used_up_leaves_no_models_and_says_so(folder: SearchFolder) -> None:
    found = modelled(capacity(searched=searched(1.0, 0.0)), Scenario(seed=1), folder, DISPLAY)
    assert found.models is not None
    assert found.models.usl is None
    assert "no room to measure levels" in found.models.note
    assert result.read(folder.answer) == found


def test_models_are_part_of_the_answer_and_of_the_page(folder: SearchFolder) -> None:
    found: Capacity = capacity(models=models(), searched=searched(420, 180.0))
    result.write(found, folder.answer)
    assert result.read(folder.answer).models == models()
    page = write_page(found, folder).read_text()
    assert "estorm capacity scenario.toml --seed 7 --time-budget 600s" in page
    assert 'id="scaling"' in page


def test_the_page_has_the_command_that_repeats_the_search_with_all_that_was_asked(
    folder: SearchFolder,
) -> None:
    settings = SearchSettings(time_budget_seconds=60, first_rate=7.5, settle_seconds=2)
    asked = msgspec.structs.replace(searched(60), settings=settings)
    page = write_page(capacity(searched=asked), folder).read_text()
    command = (
        "estorm capacity scenario.toml --seed 7 --time-budget 60s --first-rate 7.5 --settle 2s --no-models"
    )
    assert f">{command}<" in page
