"""docs/ca.md says all there is, and nothing that there is not."""

import re
from pathlib import Path
from typing import get_args

import pytest

from exporters.ca import GROUP
from testbed.ca.admin import ca_group
from testbed.ca.capacity_settings import CapacitySettings
from testbed.ca.faults import Fault, Kind
from testbed.ca.settings import CaSettings, TemplateSettings

TEXT = (Path(__file__).parents[3] / "docs" / "ca.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [CaSettings, TemplateSettings, CapacitySettings, Fault])
def test_every_setting_is_described(table: type) -> None:
    missing = [name for name in table.__struct_fields__ if not re.search(rf"\b{name}\b", TEXT)]  # type: ignore[attr-defined]
    assert missing == []


def test_every_fault_is_described() -> None:
    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in TEXT] == []


def test_every_command_is_described_and_has_help() -> None:
    for name, command in ca_group.commands.items():
        assert f"`estorm ca {name} DB" in TEXT
        assert command.help
    assert set(re.findall(r"`estorm ca (\w+) DB", TEXT)) == set(ca_group.commands)


def test_the_metrics_described_are_those_that_are_shown() -> None:
    shown = {family.name.removesuffix("_total") for family in GROUP.families}
    described = {name.removesuffix("_total") for name in re.findall(r"`(estorm_ca_\w+)`", TEXT)}
    assert described == shown
