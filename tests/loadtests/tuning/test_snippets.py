"""The snippets are read as parts of a scenario, and say what was recommended."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from loadtests.scenario import parse_scenario, read_scenario
from loadtests.tuning.snippets import PHONES, RA, snippets, write_snippets
from loadtests.tuning.space import DIMENSIONS, NETWORK_SECONDS, tunables_at
from loadtests.tuning.tunables import Tunables

points = st.tuples(*[st.floats(0, 1, exclude_max=True)] * len(DIMENSIONS))


@given(points)
def test_pasted_into_a_scenario_they_are_what_was_recommended(point: tuple[float, ...]) -> None:
    tunables = tunables_at(point, NETWORK_SECONDS, blocking=True)
    texts = snippets(tunables)
    scenario = parse_scenario('name = "pasted"\n' + texts[RA] + texts[PHONES], "test")
    assert Tunables.of(scenario) == tunables


def test_both_are_written(tmp_path: Path) -> None:
    write_snippets(Tunables(), tmp_path)
    (tmp_path / "whole.toml").write_text((tmp_path / RA).read_text() + (tmp_path / PHONES).read_text())
    assert Tunables.of(read_scenario(tmp_path / "whole.toml")) == Tunables()
