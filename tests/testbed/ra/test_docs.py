"""docs/ra.md and docs/est.md say all there is, and nothing that there is not."""

import re
from pathlib import Path

import pytest

from exporters.ra import GROUP
from testbed.ra.capacity_settings import RaNginx, RaWorkers
from testbed.ra.certsrv.settings import RaConnections, RaResolver, RaRetries, RaTimers

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "ra.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [RaTimers, RaRetries, RaConnections, RaResolver, RaWorkers, RaNginx])
def test_every_setting_is_described(table: type) -> None:
    missing = [name for name in table.__struct_fields__ if f"`{name}`" not in TEXT]  # type: ignore[attr-defined]
    assert missing == []


def test_the_metrics_described_are_those_that_are_shown() -> None:
    shown = {family.name.removesuffix("_total") for family in GROUP.families}
    described = {name.removesuffix("_total") for name in re.findall(r"`(estorm_ra_\w+)", TEXT)}
    assert described == shown
