"""Names after Prometheus's rules, and a page that is the code's."""

import re
from pathlib import Path

import pytest

from exporters import ca, ra, storm
from exporters.ca import CaMetrics
from exporters.catalogue import GROUPS, families, page
from exporters.est import families as est
from exporters.families import Family, Kind
from exporters.load.collector import LoadCollector, Reporting, RunFacts
from exporters.load.families import GROUP as LOAD
from exporters.load.tally import Tally
from exporters.ra import RaMetrics
from exporters.storm import StormMetrics

DOCS = Path(__file__).parents[2] / "docs"
FAMILIES = [family for group in GROUPS for family in group.families]
# Base units of prometheus.io/docs/practices/naming, and the counted things that have none.
UNIT = re.compile(r"_(seconds|bytes|ratio)(_total)?$")
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def test_the_page_is_the_one_that_the_code_makes() -> None:
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert text == page(), "run python -m exporters.catalogue > docs/metrics.md"


@each_family
def test_a_name_has_the_prefix_and_its_kinds_suffix(family: Family) -> None:
    prefix = "probe" if family in est.GROUP.families else "estorm"
    assert re.fullmatch(rf"{prefix}_[a-z][a-z0-9_]*", family.name)
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    assert family.name.endswith("_info") == (family.kind is Kind.INFO)
    assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|percent|bucket|sum|count)(_|$)", family.name)


@each_family
def test_a_histogram_of_times_or_shares_names_its_unit(family: Family) -> None:
    if family.kind is Kind.HISTOGRAM:
        assert UNIT.search(family.name) or family.name.endswith("_rows")


@each_family
def test_a_label_is_bounded_and_none_that_prometheus_takes(family: Family) -> None:
    assert not {"job", "instance", "run", "le", "quantile", "phone", "device", "serial"} & set(
        family.label_names
    )
    assert all(label.meaning for label in family.labels)


@each_family
def test_a_metric_says_what_it_means_and_when_it_moves(family: Family) -> None:
    assert family.meaning.endswith(".")
    assert family.moves


def test_one_name_is_one_metric_whatever_job_has_it() -> None:
    assert all(families()[family.name] == family for family in FAMILIES)


def names(collected: object) -> set[str]:
    return {name for name in map(str, collected) if name.startswith("estorm_")}  # type: ignore[call-overload]


def test_ra_ca_and_supervisor_show_what_is_declared() -> None:
    outside_the_registry = {"estorm_ra_accept_queue", "estorm_ra_accept_queue_size"}
    shown_by = ((ra.GROUP, RaMetrics()), (ca.GROUP, CaMetrics()), (storm.GROUP, StormMetrics()))
    for group, registry in ((group, metrics.registry) for group, metrics in shown_by):
        declared = {family.name.removesuffix("_total") for family in group.families}
        shown = names(family.name for family in registry.collect())
        assert shown | outside_the_registry | {"estorm_ca_database_rows"} >= declared
        assert shown <= declared


def test_the_load_generator_shows_what_is_declared() -> None:
    tally = Tally({"connect": 10.0, "handshake": 10.0, "read": 10.0}, "install")
    reporting = Reporting(tally.snapshot(0, 0.0, 0.0, {}, ended=False))
    collector = LoadCollector(lambda: [reporting], lambda: RunFacts("id", 1, "scenario", "target"))
    shown = {family.name for family in collector.collect()}
    declared = {family.name.removesuffix("_total").removesuffix("_info") for family in LOAD.families}
    assert shown == declared - {"estorm_fault_active"}
