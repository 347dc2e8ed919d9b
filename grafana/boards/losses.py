"""Panels of what is lost, made anew for each dashboard, which gives them their places."""

from exporters import pictures, ra, storm
from exporters.load import families as load
from grafana.panels import Panel, Query, numbers
from grafana.queries import gained, total


def timeout_share() -> Panel:
    """How many of the attempts a timer ended."""
    return numbers(
        *pictures.TIMEOUT_SHARE,
        Query(f"{gained(load.TIMEOUTS)} / {gained(load.STARTED)}"),
        bad_from=pictures.BURNING_SHARE,
    )


def orphans() -> Panel:
    """Certificates that no phone holds."""
    return numbers(
        *pictures.ORPHANS,
        Query(f"{total(storm.ORPHANS)} or {gained(ra.ORPHANS)}"),
        bad_from=1,
    )
