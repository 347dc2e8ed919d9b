"""Every metric there is, and the page that lists them: `python -m exporters.catalogue > docs/metrics.md`."""

import sys
from collections.abc import Iterator

from exporters import ca, ra, storm
from exporters.est import families as est
from exporters.families import Family, Group
from exporters.load import families as load
from exporters.logs import families as logs

GROUPS: tuple[Group, ...] = (load.GROUP, storm.GROUP, ra.GROUP, ca.GROUP, logs.GROUP, est.GROUP)

_HEAD = """\
# Metrics

Every metric of estorm, by the job that has it. Made from the code by `python -m exporters.catalogue >
docs/metrics.md`; a test holds it against a real scrape.

All names but the probe's begin with `estorm_`; times are seconds, sizes bytes, shares 0 to 1 (`_ratio`).
Labels have few values: no metric ever has a phone's name, an address or a serial number in one. Jobs that see
the same thing share its name, so that one query serves a test and production; `job` tells them apart. Each
job also has the standard `process_...` metrics of the process that serves it. The proxy that breaks
connections has its own (chaos-tcp.md).
"""
_TABLE_HEAD = ("| metric | labels | meaning | moves |", "|---|---|---|---|")


def families() -> dict[str, Family]:
    """Every metric by its name; the same name means the same in every job."""
    return {family.name: family for group in GROUPS for family in group.families}


def page() -> str:
    """docs/metrics.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD.rstrip("\n")
    for group in GROUPS:
        yield from ("", f"## {group.job}", "", group.about, "", *_TABLE_HEAD)
        yield from map(_row, group.families)
    yield from ("", "## Labels", "", "| label | values |", "|---|---|")
    labels = {label for family in families().values() for label in family.labels}
    for label in sorted(labels, key=lambda label: (label.name, label.meaning)):
        yield f"| `{label.name}` | {label.meaning} |"


def _row(family: Family) -> str:
    labels = ", ".join(f"`{name}`" for name in family.label_names) or "-"
    return f"| `{family.name}` ({family.kind}) | {labels} | {family.meaning} | {family.moves} |"


if __name__ == "__main__":
    sys.stdout.write(page())
