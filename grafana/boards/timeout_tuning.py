"""Timeout tuning: how much of each timer is used, and what another value would cut off."""

from exporters import ra
from exporters.load import families as load
from grafana.panels import Board, Query, heat, lines, numbers
from grafana.queries import RATE, above, gained, quantile, series


def _heat(family: str) -> str:
    return f"sum by (le) (increase({family}[{RATE}]))"


_PHONE = tuple(
    heat(
        f"Phone: share of the {timer} timer",
        f"How much of the {timer} timer attempts use up; 1 is a timeout.",
        "percentunit",
        _heat(series(load.TIMER_USED, f'timer="{timer}"', "_bucket")),
        width=8,
    )
    for timer in load.TIMERS
)
_RA = tuple(
    heat(
        f"RA: share of the {stage} timer",
        f"How much of its timer each {stage} call to the CA uses up.",
        "percentunit",
        _heat(series(ra.TIMER_USED, f'stage="{stage}"', "_bucket")),
    )
    for stage in ("login", "form", "submit", "download")
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
                    "Phone",
                    "What the timers of the phone's side are set to.",
                    "s",
                    Query(f"max by (timer) ({series(load.TIMER_SECONDS)})", "{{timer}}"),
                    width=8,
                ),
                numbers(
                    "RA",
                    "What the RA's timers are set to.",
                    "s",
                    Query(f"max by (timer) ({series(ra.TIMER_SECONDS)})", "{{timer}}"),
                    width=8,
                ),
                numbers(
                    "Timed out",
                    "In the time shown, by timer and stage.",
                    "short",
                    Query(gained(load.TIMEOUTS, "timer, stage"), "{{timer}} at {{stage}}"),
                    width=8,
                ),
            ),
        ),
        ("Phones", _PHONE),
        ("RA to CA", _RA),
        (
            "What if",
            (
                lines(
                    "Closest to the timer",
                    "p99 of the share used; above 0.8 a slower night brings timeouts.",
                    "percentunit",
                    Query(quantile(0.99, load.TIMER_USED, "timer"), "phone {{timer}}"),
                    Query(quantile(0.99, ra.TIMER_USED, "stage"), "RA {{stage}}"),
                ),
                numbers(
                    "Would be cut off by a shorter timer",
                    "Share of the calls to the CA, in the time shown, that took longer than this.",
                    "percentunit",
                    *(
                        Query(above(ra.STAGE_SECONDS, f"{edge:.1f}", "stage"), f"{edge:g} s: {{{{stage}}}}")
                        for edge in (1.0, 2.5, 5.0, 10.0)
                    ),
                    width=12,
                ),
                lines(
                    "Enrollments longer than 10 s",
                    "Share of the enrolled phones of the time shown that took longer "
                    "than the default read timer, from the real start.",
                    "percentunit",
                    Query(above(load.SERVICE, "10.0", matchers=_ENROLLED), "over 10 s"),
                    Query(above(load.SERVICE, "5.0", matchers=_ENROLLED), "over 5 s"),
                ),
            ),
        ),
    ),
)
