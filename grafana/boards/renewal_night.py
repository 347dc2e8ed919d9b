"""Renewal night: how many phones have their certificate, how fast, who times out, is it the CA."""

from exporters import ca, pictures, ra
from exporters.load import families as load
from grafana.boards.losses import orphans, timeout_share
from grafana.panels import Board, Query, lines, numbers
from grafana.queries import quantile, rate, series, total

_LEFT = total(load.PHONES, matchers='state=~"waiting|under_way|between_tries"')
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
                    *pictures.ENROLLED,
                    Query(total(load.PHONES, matchers='state="enrolled"')),
                ),
                numbers(*pictures.LEFT, Query(_LEFT)),
                numbers(
                    "Time left",
                    "Phones left at the rate of the last moments.",
                    "s",
                    Query(f"{_LEFT} / {rate(load.SUCCEEDED)}"),
                ),
                timeout_share(),
                numbers(
                    *pictures.FAILED_FOR_GOOD,
                    Query(total(load.PHONES, matchers='state=~"failed|lost"')),
                    bad_from=1,
                ),
                orphans(),
            ),
        ),
        (
            "Progress",
            (
                lines(
                    *pictures.PHONES_BY_STATE,
                    Query(total(load.PHONES, "state"), "{{state}}"),
                    stacked=True,
                ),
                lines(
                    *pictures.ATTEMPTS,
                    Query(rate(load.INTENDED), "intended"),
                    Query(rate(load.STARTED), "started"),
                    Query(rate(load.SUCCEEDED), "succeeded"),
                    Query(rate(load.FAILED), "failed"),
                    Query(rate(load.RETRIES), "of them retries"),
                ),
                lines(
                    *pictures.LATENCY,
                    Query(quantile(0.5, load.LATENCY, matchers=_FROM_INTENDED), "p50"),
                    Query(quantile(0.95, load.LATENCY, matchers=_FROM_INTENDED), "p95"),
                    Query(quantile(0.99, load.LATENCY, matchers=_FROM_INTENDED), "p99"),
                ),
                lines(
                    *pictures.STAGES,
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
                    *pictures.FAILURES,
                    Query(rate(load.FAILED, "est_error, stage"), "{{est_error}} at {{stage}}"),
                ),
                lines(
                    *pictures.TIMEOUTS,
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
                    *pictures.CA_ANSWERS,
                    Query(quantile(0.95, ca.RESPONSE, "stage"), "{{stage}}"),
                ),
                lines(
                    *pictures.FAILED_CALLS,
                    Query(rate(ra.FAILURES, "stage, cause"), "{{stage}} {{cause}}"),
                ),
                lines(
                    *pictures.FAULTS,
                    Query(total(load.FAULT, "fault"), "{{fault}}"),
                ),
            ),
        ),
    ),
)
