"""Timeout tuning: how much of each timer is used, and what another value would cut off."""

from exporters import pictures, ra
from exporters.load import families as load
from grafana.boards.losses import orphans, timeout_share
from grafana.panels import Board, Query, heat, lines, numbers
from grafana.queries import RATE, above, gained, quantile, series


def _heat(family: str) -> str:
    return f"sum by (le) (increase({family}[{RATE}]))"


_PHONE = tuple(
    heat(
        *pictures.phone_share(timer),
        _heat(series(load.TIMER_USED, f'timer="{timer}"', "_bucket")),
        width=8,
    )
    for timer in load.TIMERS
)
_RA = tuple(
    heat(
        *pictures.ra_share(stage),
        _heat(series(ra.TIMER_USED, f'stage="{stage}"', "_bucket")),
    )
    for stage in pictures.TIMED_CALLS
)
_ENROLLED = 'outcome="enrolled"'

BOARD = Board(
    "timeout-tuning",
    "estorm / Timeout tuning",
    "How much of each timer is used, who is close to it, and what another value would cut off.",
    (
        (
            "The timers",
            (
                numbers(
                    *pictures.PHONE_TIMERS,
                    Query(f"max by (timer) ({series(load.TIMER_SECONDS)})", "{{timer}}"),
                    width=8,
                ),
                numbers(
                    *pictures.RA_TIMERS,
                    Query(f"max by (timer) ({series(ra.TIMER_SECONDS)})", "{{timer}}"),
                    width=8,
                ),
                numbers(
                    *pictures.TIMED_OUT,
                    Query(gained(load.TIMEOUTS, "timer, stage"), "{{timer}} at {{stage}}"),
                    width=8,
                ),
            ),
        ),
        ("What they cost", (timeout_share(), orphans())),
        ("Phones", _PHONE),
        ("RA to CA", _RA),
        (
            "What if",
            (
                lines(
                    *pictures.CLOSEST,
                    Query(quantile(0.99, load.TIMER_USED, "timer"), "phone {{timer}}"),
                    Query(quantile(0.99, ra.TIMER_USED, "stage"), "RA {{stage}}"),
                ),
                numbers(
                    *pictures.CUT_OFF,
                    *(
                        Query(above(ra.STAGE_SECONDS, f"{edge:.1f}", "stage"), f"{edge:g} s: {{{{stage}}}}")
                        for edge in pictures.CUT_OFF_SECONDS
                    ),
                    width=12,
                    height=8,
                ),
                lines(
                    *pictures.LONGER,
                    *(
                        Query(above(load.SERVICE, f"{edge:.1f}", matchers=_ENROLLED), f"over {edge:g} s")
                        for edge in pictures.LONGER_SECONDS
                    ),
                ),
            ),
        ),
    ),
)
