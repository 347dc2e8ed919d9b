"""Renewal night: how many phones have their certificate, how fast, who times out, is it the CA."""

from exporters import ca, ra
from exporters.load import families as load
from grafana.panels import Board, Query, lines, numbers
from grafana.queries import gained, quantile, rate, series, total

_LEFT = total(load.PHONES, matchers='state=~"waiting|under_way|between_tries"')
_HELD_BY_NOBODY = (
    total(ca.ROWS, matchers='disposition="issued"')
    + " - "
    + total(load.PHONES, matchers='state=~"enrolled|under_way"')
)
_FROM_INTENDED = 'outcome="enrolled"'

BOARD = Board(
    "renewal-night",
    "estorm / Renewal night",
    "How many phones have their certificate, how fast, who times out, and whether it is the CA.",
    (
        (
            "Now",
            (
                numbers(
                    "Phones enrolled",
                    "Phones that hold a good LSC.",
                    "short",
                    Query(total(load.PHONES, matchers='state="enrolled"')),
                ),
                numbers("Phones left", "Phones that wait, enroll, or will try again.", "short", Query(_LEFT)),
                numbers(
                    "Time left",
                    "Phones left at the rate of the last moments.",
                    "s",
                    Query(f"{_LEFT} / {rate(load.SUCCEEDED)}"),
                ),
                numbers(
                    "Timeouts",
                    "Share of the attempts in the time shown that a timer of the phone's side ended.",
                    "percentunit",
                    Query(f"{gained(load.TIMEOUTS)} / {gained(load.STARTED)}"),
                ),
                numbers(
                    "Failed for good",
                    "Phones out of tries or past their deadline, or lost with the generator.",
                    "short",
                    Query(total(load.PHONES, matchers='state=~"failed|lost"')),
                ),
                numbers(
                    "Orphans",
                    "Certificates in the lab's CA that no phone holds, those of enrollments under way not "
                    "counted; exact when nothing is under way. In production: what the RA could not deliver.",
                    "short",
                    Query(f"clamp_min({_HELD_BY_NOBODY}, 0) or {gained(ra.ORPHANS)}"),
                ),
            ),
        ),
        (
            "Progress",
            (
                lines(
                    "Phones by state",
                    "The whole fleet, stacked.",
                    "short",
                    Query(total(load.PHONES, "state"), "{{state}}"),
                    stacked=True,
                ),
                lines(
                    "Attempts",
                    "Intended by the schedule, started, and how they ended. Started below intended: the "
                    "generator is too slow. Succeeded below started: the server is.",
                    "ops",
                    Query(rate(load.INTENDED), "intended"),
                    Query(rate(load.STARTED), "started"),
                    Query(rate(load.SUCCEEDED), "succeeded"),
                    Query(rate(load.FAILED), "failed"),
                    Query(rate(load.RETRIES), "of them retries"),
                ),
                lines(
                    "Latency from the intended start",
                    "What a phone's owner waits, queueing in the generator included; of enrolled phones.",
                    "s",
                    Query(quantile(0.5, load.LATENCY, matchers=_FROM_INTENDED), "p50"),
                    Query(quantile(0.95, load.LATENCY, matchers=_FROM_INTENDED), "p95"),
                    Query(quantile(0.99, load.LATENCY, matchers=_FROM_INTENDED), "p99"),
                ),
                lines(
                    "Where the time goes",
                    "Mean time of each stage of an enrollment as the phone sees it; wait is "
                    "the RA and the CA together.",
                    "s",
                    Query(
                        f"sum by (stage) (rate({series(load.STAGE_TIME, part='_sum')}[$__rate_interval])) / "
                        f"{rate(load.STAGE_TIME, 'stage')}",
                        "{{stage}}",
                    ),
                    stacked=True,
                ),
            ),
        ),
        (
            "Failures",
            (
                lines(
                    "Failures by EST error",
                    "What CAPF would log.",
                    "ops",
                    Query(rate(load.FAILED, "est_error, stage"), "{{est_error}} at {{stage}}"),
                ),
                lines(
                    "Timeouts by timer",
                    "Attempts that a timer of the phone's side ended.",
                    "ops",
                    Query(rate(load.TIMEOUTS, "timer, stage"), "{{timer}} at {{stage}}"),
                ),
            ),
        ),
        (
            "Is it the CA?",
            (
                lines(
                    "Calls to the CA, p95",
                    "By stage, on the RA's side of the wire. Every timer is 10 s by default.",
                    "s",
                    Query(quantile(0.95, ra.STAGE_SECONDS, "stage"), "{{stage}}"),
                ),
                lines(
                    "Failed calls to the CA",
                    "curl_28 is a timeout; http_N the CA's own status.",
                    "ops",
                    Query(rate(ra.FAILURES, "stage, cause"), "{{stage}} {{cause}}"),
                ),
                lines(
                    "Faults in force",
                    "What the chaos schedule does meanwhile.",
                    "short",
                    Query(total(load.FAULT, "fault"), "{{fault}}"),
                    width=24,
                ),
            ),
        ),
    ),
)
